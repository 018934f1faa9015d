//! What a window shows. Plain data: every word is the caller's.

/// The sign beside a title. Shape and colour differ, so that neither is needed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// A blue circle with an i.
    Info,
    /// A blue circle with a question mark.
    Question,
    /// A green circle with a check mark.
    Done,
    /// An orange triangle with an exclamation mark.
    Warning,
    /// A red octagon with a cross.
    Error,
}

/// A name and its value, as 有効期限 and 2026年3月31日（火）23:59.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub label: String,
    /// The value.
    pub value: String,
}

impl Fact {
    /// Both.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// A place to type one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What is to be typed.
    pub label: String,
    /// An example or an explanation, below the label.
    pub hint: Option<String>,
    /// Set for a field that shows dots: the words of the checkbox that shows the characters.
    pub reveal: Option<String>,
    /// Why what was typed before was not accepted.
    pub error: Option<String>,
}

impl Field {
    /// A field that shows what is typed.
    pub fn plain(label: impl Into<String>) -> Self {
        Self { label: label.into(), hint: None, reveal: None, error: None }
    }

    /// A field that shows dots; `reveal` labels the checkbox that shows the characters.
    pub fn masked(label: impl Into<String>, reveal: impl Into<String>) -> Self {
        Self { reveal: Some(reveal.into()), ..Self::plain(label) }
    }

    /// With an example or an explanation.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With the reason why it is asked again.
    pub fn error(self, error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..self }
    }
}

/// A button of a [`Dialog`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// A verb.
    pub label: String,
    /// Pressed by Enter, has the focus at first, and is filled.
    pub default: bool,
    /// Pressed by Esc: nothing is changed by it. The window closes at once.
    pub cancel: bool,
}

/// A question or a result. It waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// The sign.
    pub icon: Icon,
    /// A noun phrase, or what happened.
    pub title: String,
    /// Why, and what to do.
    pub paragraphs: Vec<String>,
    /// What must not be overlooked: a date, a number for the vendor, whom to call.
    pub facts: Vec<Fact>,
    /// Something to type. Only the cancel button can be pressed while it is empty.
    pub field: Option<Field>,
    /// In the order shown.
    pub buttons: Vec<Button>,
}

impl Dialog {
    /// A dialog without text and buttons.
    pub fn new(icon: Icon, title: impl Into<String>) -> Self {
        Self {
            icon,
            title: title.into(),
            paragraphs: Vec::new(),
            facts: Vec::new(),
            field: None,
            buttons: Vec::new(),
        }
    }

    /// Adds a paragraph.
    pub fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// Adds an emphasised fact.
    pub fn fact(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push(Fact::new(label, value));
        self
    }

    /// Asks for a line of text.
    pub fn field(self, field: Field) -> Self {
        Self { field: Some(field), ..self }
    }

    /// Adds the button that Enter presses.
    pub fn primary(self, label: impl Into<String>) -> Self {
        self.push(label.into(), true, false)
    }

    /// Adds another button.
    pub fn button(self, label: impl Into<String>) -> Self {
        self.push(label.into(), false, false)
    }

    /// Adds the button that Esc presses.
    pub fn cancel(self, label: impl Into<String>) -> Self {
        self.push(label.into(), false, true)
    }

    /// Adds the one button of a dialog that only tells: Enter and Esc press it.
    pub fn close(self, label: impl Into<String>) -> Self {
        self.push(label.into(), true, true)
    }

    fn push(mut self, label: String, default: bool, cancel: bool) -> Self {
        self.buttons.push(Button { label, default, cancel });
        self
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let field = self.field.iter().flat_map(|field| {
            [Some(&field.label), field.hint.as_ref(), field.reveal.as_ref(), field.error.as_ref()]
        });
        [&self.title]
            .into_iter()
            .chain(&self.paragraphs)
            .chain(self.facts.iter().flat_map(|fact| [&fact.label, &fact.value]))
            .chain(field.flatten())
            .chain(self.buttons.iter().map(|button| &button.label))
            .map(String::as_str)
    }
}

/// Steps under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub title: String,
    /// What to know meanwhile.
    pub paragraphs: Vec<String>,
    /// The steps' names, in order.
    pub steps: Vec<String>,
    /// The step under way, from 0. All before it are done.
    pub current: usize,
}

impl Progress {
    /// At the first of `steps`.
    pub fn new<S: Into<String>>(title: impl Into<String>, steps: impl IntoIterator<Item = S>) -> Self {
        Self {
            title: title.into(),
            paragraphs: Vec::new(),
            steps: steps.into_iter().map(Into::into).collect(),
            current: 0,
        }
    }

    /// Adds a paragraph.
    pub fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// At step `current`, from 0.
    pub fn at(self, current: usize) -> Self {
        Self { current, ..self }
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        [&self.title].into_iter().chain(&self.paragraphs).chain(&self.steps).map(String::as_str)
    }
}

/// How much of a life is left, drawn as a bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The part that is left, from 0 (over) to 1 (just begun); clamped.
    pub left: f32,
    /// Below the beginning of the bar: the first day.
    pub from: String,
    /// Below the end of the bar: the last day.
    pub to: String,
    /// Above the bar: the days left.
    pub remaining: String,
}

/// A certificate in the status window.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// What the people call it: 端末名.
    pub title: String,
    /// The application and CN.
    pub subtitle: String,
    /// The state's sign; it colours the bar too.
    pub icon: Icon,
    /// The state's words.
    pub state: String,
    /// The bar; none where the certificate cannot be read.
    pub life: Option<Life>,
    /// Last connection, last result, next attempt.
    pub facts: Vec<Fact>,
    /// What can be done with this certificate.
    pub actions: Vec<String>,
}

/// A line above the cards: what an action led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sign.
    pub icon: Icon,
    /// The words.
    pub text: String,
}

/// Everything in the status window.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The worst state's sign.
    pub icon: Icon,
    /// The whole in a few words.
    pub title: String,
    /// More words; with no cards, what to do about that.
    pub paragraphs: Vec<String>,
    /// What an action led to.
    pub notice: Option<Notice>,
    /// The certificates.
    pub cards: Vec<Card>,
    /// What can be done with all of them.
    pub actions: Vec<String>,
}

impl Status {
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let cards = self.cards.iter().flat_map(|card| {
            let life = card.life.iter().flat_map(|life| [&life.from, &life.to, &life.remaining]);
            [&card.title, &card.subtitle, &card.state]
                .into_iter()
                .chain(life)
                .chain(card.facts.iter().flat_map(|fact| [&fact.label, &fact.value]))
                .chain(&card.actions)
        });
        [&self.title]
            .into_iter()
            .chain(&self.paragraphs)
            .chain(self.notice.iter().map(|notice| &notice.text))
            .chain(cards)
            .chain(&self.actions)
            .map(String::as_str)
    }
}
