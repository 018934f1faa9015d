//! QR codes as SVG, drawn here: nothing secret travels as an address of a picture.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;

/// Light modules around a code (ISO/IEC 18004, 9.1).
const QUIET_ZONE: i32 = 4;

/// `text` as a QR code of medium error correction, with `title` for screen readers;
/// `None` when it is too long for one.
pub(crate) fn svg(text: &str, title: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET_ZONE;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if run > 0 {
                // Writing into a string cannot fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += i32::try_from(run).unwrap_or(0) + 1;
        }
    }
    let title = super::charts::escaped(title);
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect class=\"qr-light\" width=\"{side}\" height=\"{side}\"/>\
         <path class=\"qr-dark\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_modules_are_drawn_where_the_code_has_them() {
        let svg = svg("otpauth://totp/Koshin:a?secret=JBSWY3DPEHPK3PXP", "登録").expect("short enough");
        // The upper left finder pattern: seven dark modules behind the quiet zone.
        assert!(svg.contains("M4 4h7v1h-7z"), "{svg}");
        assert!(!svg.contains("JBSWY3DP"), "the secret is in the modules only");
        assert!(svg.contains("aria-label=\"登録\""));
    }

    #[test]
    fn what_fits_no_code_is_no_picture() {
        assert_eq!(svg(&"x".repeat(3000), ""), None);
    }
}
