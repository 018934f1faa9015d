//! A program's arguments as the one string that Windows hands over.
//!
//! Quoted so that `CommandLineToArgvW` and Microsoft's C runtime take apart what was put together here.

/// All arguments, quoted where that is needed, with a space between them.
pub fn join<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    arguments.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Backslashes mean themselves, except before a quotation mark: there they are doubled.
fn quoted(argument: &str) -> String {
    if !argument.is_empty() && !argument.contains([' ', '\t', '"']) {
        return argument.to_owned();
    }
    let mut text = String::from("\"");
    let mut backslashes = 0;
    for letter in argument.chars() {
        match letter {
            '\\' => backslashes += 1,
            '"' => {
                text.push_str(&"\\".repeat(backslashes * 2 + 1));
                backslashes = 0;
                text.push('"');
                continue;
            }
            _ => {
                text.push_str(&"\\".repeat(backslashes));
                backslashes = 0;
            }
        }
        if letter != '\\' {
            text.push(letter);
        }
    }
    text.push_str(&"\\".repeat(backslashes * 2));
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_that_is_needed() {
        for (argument, expected) in [
            ("daemon", "daemon"),
            ("", "\"\""),
            (r"C:\Users\受付\x", r"C:\Users\受付\x"),
            (r"C:\Program Files\x", r#""C:\Program Files\x""#),
            (r"C:\My Files\", r#""C:\My Files\\""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r#"a\"b"#, r#""a\\\"b""#),
            (r"a\\b c", r#""a\\b c""#),
        ] {
            assert_eq!(quoted(argument), expected, "{argument}");
        }
        assert_eq!(join(["run", "--app", "my app"]), r#"run --app "my app""#);
    }
}
