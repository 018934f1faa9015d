/* close: closes the windows that Koshin has opened, as a click on the cross does. Ends with 1 when there is none. */
#include <windows.h>

static BOOL CALLBACK ask_to_close(HWND window, LPARAM found)
{
    wchar_t class[64];
    GetClassNameW(window, class, 64);
    /* What the toolkit calls its windows. */
    if (IsWindowVisible(window) && lstrcmpW(class, L"Window Class") == 0) {
        PostMessageW(window, WM_CLOSE, 0, 0);
        *(int *)found = 1;
    }
    return TRUE;
}

int wmain(void)
{
    int found = 0;
    EnumWindows(ask_to_close, (LPARAM)&found);
    return !found;
}
