//! Programs started without a window of their own.

use std::process::Command;

/// Keeps Windows from opening a console window for `command`, which it does for every console program that a
/// windowed one starts. Elsewhere there is nothing to do.
pub fn without_window(command: &mut Command) -> &mut Command {
    #[cfg(windows)]
    {
        /// `CREATE_NO_WINDOW`.
        const NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(command, NO_WINDOW);
    }
    command
}
