use super::{Named, life};
use koshin_desktop::{Card, Dialog, Fact, Field, Icon, Notice, Progress, Scene, Status};

const STILL_VALID: &str = "Your certificate still works until Tuesday, 31 March 2026.";

pub(crate) fn scenes() -> Vec<Named> {
    let mut scenes: Vec<Named> = questions()
        .into_iter()
        .chain(failures())
        .map(|(name, dialog)| (name, Scene::Dialog(dialog)))
        .collect();
    scenes.push(("expired-code", Scene::Typed(recovery(), "7KQ2-M4XR-90TB".into())));
    scenes.push(("password-typed", Scene::Typed(password(), "correct horse".into())));
    for (step, name) in ["progress-1", "progress-2", "progress-3", "progress-4"].into_iter().enumerate() {
        scenes.push((name, Scene::Progress(progress().at(step))));
    }
    scenes.push(("status", Scene::Status(status())));
    scenes.push(("status-good", Scene::Status(good())));
    scenes.push(("status-empty", Scene::Status(empty())));
    scenes
}

fn questions() -> Vec<(&'static str, Dialog)> {
    vec![
        (
            "notice",
            Dialog::new(Icon::Info, "Certificate due for renewal")
                .paragraph("The certificate of Reception 1 ends on Tuesday, 31 March.")
                .fact("Days left", "23")
                .primary("Renew now")
                .cancel("Remind me later"),
        ),
        (
            "confirm",
            Dialog::new(Icon::Question, "Certificate renewal")
                .paragraph("Do you want to renew the certificate of Reception 1?")
                .fact("Expires", "Tuesday, 31 March 2026, 23:59")
                .primary("Renew")
                .cancel("Do not renew today"),
        ),
        (
            "done",
            Dialog::new(Icon::Done, "The certificate was renewed")
                .paragraph("There is nothing else for you to do.")
                .fact("New expiry date", "Saturday, 31 March 2029, 23:59")
                .close("Close"),
        ),
    ]
}

fn failures() -> Vec<(&'static str, Dialog)> {
    vec![
        (
            "offline",
            Dialog::new(Icon::Error, "The certificate could not be renewed")
                .paragraph("There is no connection to the internet.")
                .paragraph("Check the LAN cable or the Wi-Fi, then try again.")
                .paragraph(STILL_VALID)
                .primary("Renew again")
                .cancel("Continue without renewing"),
        ),
        (
            "expired",
            Dialog::new(Icon::Error, "The certificate has expired")
                .paragraph("This PC cannot connect. Ask your administrator or vendor for a recovery code.")
                .fact("Contact", "Example Systems Support, 0852-00-0000 (weekdays 9:00 to 17:30)")
                .primary("Enter a recovery code")
                .cancel("Close"),
        ),
        (
            "not-renewable",
            Dialog::new(Icon::Warning, "This certificate cannot be renewed")
                .paragraph("Certificates with a CN of api… are not renewed.")
                .paragraph("Download a client… certificate from the administration site and set it up.")
                .fact("CN", "api-7c1e0f52-3f6d-4b6a-9a37-0a4b5d0c9e11.clinic-0123456789.example.jp")
                .close("Close"),
        ),
        (
            "clock",
            Dialog::new(Icon::Warning, "The clock of this PC is wrong")
                .paragraph("Set the date and time, then renew again.")
                .fact("This PC", "Monday, 1 January 2024, 09:03")
                .fact("Server", "Sunday, 8 March 2026, 10:15")
                .primary("Renew again")
                .cancel("Continue without renewing"),
        ),
        (
            "stopped",
            Dialog::new(Icon::Error, "This certificate has been suspended")
                .paragraph("An administrator suspended it on Monday, 2 March.")
                .paragraph("Ask your administrator.")
                .close("Close"),
        ),
        ("password", password()),
        ("password-again", password_again()),
        (
            "cannot-save",
            Dialog::new(Icon::Error, "The new certificate could not be saved")
                .paragraph("The disk is full. Delete files you do not need, then try again.")
                .paragraph(STILL_VALID)
                .primary("Renew again")
                .cancel("Continue without renewing"),
        ),
        ("unknown", unknown()),
    ]
}

fn unknown() -> Dialog {
    Dialog::new(Icon::Error, "An unexpected error occurred")
        .paragraph("Try again later. If it goes on, tell your vendor this number.")
        .paragraph(STILL_VALID)
        .fact("Number", "E99-7F3A")
        .close("Close")
        .button("Renew again")
        .button("Copy the number")
}

fn password() -> Dialog {
    Dialog::new(Icon::Question, "Password of the certificate")
        .paragraph("Type the password to open the certificate of Reception 1.")
        .paragraph("It will not be saved.")
        .field(
            Field::masked("Password of the certificate", "Show the password")
                .hint("This is not your Windows password."),
        )
        .primary("Open the certificate")
        .cancel("Continue without renewing")
}

fn password_again() -> Dialog {
    let mut dialog = password();
    dialog.title = "The certificate cannot be opened".into();
    dialog.icon = Icon::Warning;
    dialog.paragraphs = vec!["Type the password of the certificate, not your Windows password.".into()];
    let field = Field::masked("Password of the certificate", "Show the password");
    dialog.field = Some(field.error("The password is wrong."));
    dialog
}

fn recovery() -> Dialog {
    Dialog::new(Icon::Question, "Recovery code")
        .paragraph("Type the recovery code from your administrator or vendor.")
        .field(Field::plain("Recovery code").hint("For example 7KQ2-M4XR-90TB"))
        .primary("Recover the certificate")
        .cancel("Close")
}

fn progress() -> Progress {
    Progress::new(
        "Renewing the certificate of Reception 1",
        ["Connecting", "Receiving", "Testing the connection", "Switching"],
    )
    .paragraph("If the power fails meanwhile, the certificate you have now still works.")
}

fn status() -> Status {
    Status {
        icon: Icon::Error,
        title: "Renew at once".into(),
        paragraphs: vec!["Of the 3 certificates of this PC, 1 has expired and 1 is due for renewal.".into()],
        notice: Some(Notice { icon: Icon::Done, text: "The support information was copied.".into() }),
        cards: vec![
            Card {
                title: "Reception 1".into(),
                subtitle: "monsiaj, CN client-7c1e0f52.example.jp".into(),
                icon: Icon::Done,
                state: "Good".into(),
                life: life(0.82, "2025/09/01", "2028/09/01", "892 days left"),
                facts: facts("2026/03/08 08:31", "Succeeded", "About 2028/07/04"),
                actions: vec![],
            },
            Card {
                title: "Reception 2".into(),
                subtitle: "receview, CN client-19ab77d0.example.jp".into(),
                icon: Icon::Warning,
                state: "Due for renewal".into(),
                life: life(0.021, "2023/04/01", "2026/03/31", "23 days left"),
                facts: facts(
                    "2026/03/08 08:31",
                    "Failed: there was no connection to the internet (7 March, 12:10)",
                    "About 2026/03/08 12:40",
                ),
                actions: vec!["Renew now".into()],
            },
            Card {
                title: "Laboratory".into(),
                subtitle: "files, CN client-5502ce31.example.jp".into(),
                icon: Icon::Error,
                state: "Expired".into(),
                life: life(0.0, "2023/02/20", "2026/02/19", "Expired 17 days ago"),
                facts: facts("2026/02/19 18:02", "None", "None"),
                actions: vec!["Enter a recovery code".into()],
            },
        ],
        actions: vec!["Back up".into(), "Copy support information".into(), "Close".into()],
    }
}

fn facts(connection: &str, result: &str, next: &str) -> Vec<Fact> {
    vec![
        Fact::new("Last connection", connection),
        Fact::new("Last result", result),
        Fact::new("Next automatic try", next),
    ]
}

fn good() -> Status {
    let mut status = status();
    status.cards.truncate(1);
    Status {
        icon: Icon::Done,
        title: "Good".into(),
        paragraphs: vec!["The certificate of this PC works.".into()],
        notice: None,
        ..status
    }
}

fn empty() -> Status {
    Status {
        icon: Icon::Info,
        title: "No certificate was found".into(),
        paragraphs: vec![
            "No application with a certificate is set up here (monsiaj, glclient2, receview, files.toml)."
                .into(),
        ],
        notice: None,
        cards: vec![],
        actions: vec!["Copy support information".into(), "Close".into()],
    }
}
