//! A flame graph: each call lies above its caller, as wide as the time it takes. Names and shares show when the pointer
//! rests on a call; nothing in the picture is a script.

use std::fmt::Write;

use super::fold::{Frame, Origin};

const WIDTH: f64 = 1200.0;
const ROW: f64 = 16.0;
/// Above the flames, for the title and the colours.
const HEAD: f64 = 56.0;
/// Calls that took a smaller share are not drawn.
const SMALLEST: f64 = 0.002;
/// Width of a letter.
const LETTER: f64 = 6.6;

const COLOURS: [(Origin, &str, &str); 6] = [
    (Origin::Koshin, "#e8743b", "Koshin"),
    (Origin::Sqlite, "#f2c14e", "SQLite, Diesel"),
    (Origin::Cryptography, "#8fb8de", "cryptography, certificates"),
    (Origin::Network, "#9bc995", "tokio, hyper"),
    (Origin::Kernel, "#c9c9c9", "kernel"),
    (Origin::Other, "#e4d9c7", "other"),
];

/// The whole picture.
pub(super) fn picture(root: &Frame, title: &str) -> String {
    let deepest = depth(root, f64::from(root.samples) * SMALLEST);
    let height = HEAD + ROW * f64::from(deepest) + 8.0;
    let mut flames = Flames { text: String::new(), total: f64::from(root.samples), height };
    flames.draw(root, 0.0, 0);
    let mut legend = String::new();
    for (number, (_, colour, words)) in COLOURS.iter().enumerate() {
        let left = 10.0 + 198.0 * f64::from(u32::try_from(number).unwrap_or(0));
        // Writing into a string cannot fail, here and below.
        let _ = write!(
            legend,
            "<rect x=\"{left}\" y=\"30\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"40\">{words}</text>",
            left + 17.0
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"10\" y=\"20\" \
         font-size=\"14\">{}</text>\n{legend}\n{}</svg>\n",
        escaped(title),
        flames.text
    )
}

/// Rows that are drawn.
fn depth(frame: &Frame, smallest: f64) -> u32 {
    let calls = frame.calls.values().filter(|call| f64::from(call.samples) >= smallest);
    1 + calls.map(|call| depth(call, smallest)).max().unwrap_or(0)
}

struct Flames {
    text: String,
    total: f64,
    height: f64,
}

impl Flames {
    fn draw(&mut self, frame: &Frame, left: f64, row: u32) {
        let share = f64::from(frame.samples) / self.total;
        if share < SMALLEST {
            return;
        }
        let (width, top) = (share * WIDTH, self.height - 8.0 - ROW * f64::from(row + 1));
        let colour =
            COLOURS.iter().find(|(origin, ..)| *origin == frame.origin).map_or("#ffffff", |(_, c, _)| c);
        let _ = write!(
            self.text,
            "<g><title>{} ({:.1} %)</title><rect x=\"{left:.1}\" y=\"{top:.0}\" width=\"{width:.1}\" \
             height=\"15\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"0.4\"/>",
            escaped(&frame.name),
            share * 100.0
        );
        let label = label(&frame.name, width);
        if !label.is_empty() {
            let _ = write!(
                self.text,
                "<text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                left + 2.0,
                top + 11.0,
                escaped(&label)
            );
        }
        self.text.push_str("</g>\n");
        let mut left = left;
        for call in frame.calls.values() {
            self.draw(call, left, row + 1);
            left += f64::from(call.samples) / self.total * WIDTH;
        }
    }
}

/// As much of the name's end as fits: the end tells more than the crate.
fn label(name: &str, width: f64) -> String {
    let room = (width - 4.0) / LETTER;
    let letters = name.chars().count();
    let fits = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) <= room;
    if fits(letters) {
        return name.to_owned();
    }
    let short = name.rsplit("::").next().unwrap_or(name);
    if fits(short.chars().count()) { short.to_owned() } else { String::new() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::fold;
    use super::*;

    #[test]
    fn what_is_called_lies_above_its_caller_and_slivers_are_left_out() {
        let mut script = String::new();
        for _ in 0..999 {
            script.push_str("writer\n\t1 inner (/bin/x)\n\t2 outer (/bin/x)\n\n");
        }
        script.push_str("writer\n\t1 sliver (/bin/x)\n\n");
        let picture = picture(&fold::read(&script), "a < b");
        assert!(picture.contains("a &lt; b") && picture.contains("<title>inner (99.9 %)</title>"));
        assert!(!picture.contains("sliver") && !picture.contains("<script"));
        let top = |name: &str| -> f64 {
            let at = picture.find(&format!("<title>{name} ")).expect("a call");
            let y = picture[at..].split("y=\"").nth(1).and_then(|rest| rest.split('"').next());
            y.and_then(|y| y.parse().ok()).expect("a place")
        };
        assert!(top("inner") < top("outer") && top("outer") < top("writer"));
    }

    #[test]
    fn a_label_is_never_wider_than_its_call() {
        assert_eq!(label("store::worker::write_group", 300.0), "store::worker::write_group");
        assert_eq!(label("store::worker::write_group", 90.0), "write_group");
        assert_eq!(label("store::worker::write_group", 20.0), "");
    }
}
