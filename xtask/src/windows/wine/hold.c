/* hold FILE UNTIL MILLISECONDS: keeps FILE open, readable by others but not replaceable, as an application does that
 * is writing it. Says "holding", waits until the file UNTIL appears, holds on for the MILLISECONDS, and lets go. */
#include <stdio.h>
#include <windows.h>

int wmain(int count, wchar_t **arguments)
{
    if (count != 4)
        return 2;
    HANDLE file = CreateFileW(arguments[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return 3;
    puts("holding");
    fflush(stdout);
    while (GetFileAttributesW(arguments[2]) == INVALID_FILE_ATTRIBUTES)
        Sleep(5);
    Sleep(_wtoi(arguments[3]));
    CloseHandle(file);
    return 0;
}
