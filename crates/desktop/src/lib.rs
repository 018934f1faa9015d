//! Koshin's windows: they show a model and hand back what the person chose.
//!
//! Nothing here knows renewals, files, the network, the clock or a language: every word comes from the caller.
//!
//! The toolkit wants the main thread, and may start its event loop once per process. So [`run`] keeps the main
//! thread for the windows, gives the work a thread of its own and a [`Desktop`] to talk to people with:
//!
//! ```no_run
//! use koshin_desktop::{Choice, Dialog, Icon, Settings, run};
//!
//! let renewed = run(Settings::new("証明書の更新", "jp.example.koshin"), |desktop| {
//!     let question = Dialog::new(Icon::Question, "証明書の更新")
//!         .paragraph("受付1の証明書を更新しますか？")
//!         .fact("有効期限", "2026年3月31日（火）23:59")
//!         .primary("更新")
//!         .cancel("今日は更新しない");
//!     matches!(desktop.ask(question), Ok(Choice::Pressed { index: 0, .. }))
//! });
//! ```
//!
//! Nothing of the toolkit is touched, and no font is read, before the first request: work that asks nobody costs a
//! thread. Where there is no display or no fitting font, requests answer [`Unavailable`] and the caller asks
//! elsewhere, on the terminal for instance.
//!
//! **Keyboard**: Tab and Shift+Tab move, Space and Enter press, Enter in a field presses the default button, Esc is
//! the harmless choice, Page Up and Page Down scroll.

mod app;
mod desktop;
mod fonts;
mod model;
mod picture;
mod theme;
mod view;

pub use desktop::{Choice, Desktop, ProgressWindow, Settings, StatusEvent, StatusWindow, Unavailable, run};
pub use model::{Button, Card, Dialog, Fact, Field, Icon, Life, Notice, Progress, Status};
pub use picture::{Picture, PictureError, Scene, draw};
