//! Hosts of a service: with whom its certificates are shown.
//!
//! A host is a DNS name in the form in which it stands in a certificate and in a TLS
//! handshake: ASCII, lower case (RFC 5890's A-labels, `xn--…`, for a name in other letters),
//! with a port if it is not the usual one. It is shown letter by letter as it is written
//! here: a name that only looks like another one does not pass for it.

/// Hosts of one service at most: they are all shown on one line of a page, and in a text.
pub const MOST_HOSTS: usize = 20;
/// Characters of a name (RFC 1035, 2.3.4, without the final dot).
const LONGEST_NAME: usize = 253;
/// Characters between two dots (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// The hosts as they are kept, in their order; or what to write instead.
pub(super) fn hosts(written: &[String]) -> Result<Vec<String>, String> {
    if written.len() > MOST_HOSTS {
        return Err(format!("write at most {MOST_HOSTS} hosts"));
    }
    let mut hosts: Vec<String> = Vec::with_capacity(written.len());
    for text in written {
        let host = host(text)?;
        if hosts.contains(&host) {
            return Err(format!("write {host:?} once"));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

/// `name` or `name:port`, lower case.
fn host(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err(format!("write {text:?} in its ASCII form (xn--…)"));
    }
    let text = text.to_ascii_lowercase();
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text.as_str(), None),
    };
    if is_dns_name(name) && port.is_none_or(is_port) {
        Ok(text)
    } else {
        Err(format!(
            "{text:?} is no DNS name: write for example \"weborca.cloud.example\" or \"db.example:5432\""
        ))
    }
}

/// Letters, digits and hyphens in labels (RFC 1123, 2.1); the last label is no number, so that
/// no address passes for a name.
fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= LONGEST_NAME
        && name.split('.').all(label)
        && last.bytes().any(|byte| !byte.is_ascii_digit())
}

/// 1 to 65535 without a leading zero.
fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &[&str]) -> Result<Vec<String>, String> {
        hosts(&written.iter().map(|&host| host.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_with_and_without_port_are_hosts_in_lower_case() {
        let written =
            ["WebORCA.cloud.example", "db.example:5432", "localhost", "xn--fsqu00a.xn--p1ai", "3com.example"];
        let hosts = read(&written).expect("hosts");
        assert_eq!((hosts[0].as_str(), hosts.len()), ("weborca.cloud.example", written.len()));
        let long = format!("{}.example", "a".repeat(63));
        assert!(read(&[&long]).is_ok());
        assert_eq!(read(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_host_is_refused_with_what_to_write() {
        let label = "a".repeat(64);
        let name = vec!["a".repeat(60); 5].join(".");
        for text in [
            "",
            ".",
            "a..b",
            "a.",
            ".a",
            "-a.example",
            "a-.example",
            "a_b.example",
            "192.0.2.1",
            "[::1]",
            "::1",
            "https://a.example",
            "a.example/",
            "a b",
            "*.example",
            "a.example:",
            "a.example:0",
            "a.example:080",
            "a.example:65536",
            "a.example:1:2",
            "a.example:+1",
            &label,
            &name,
        ] {
            assert!(read(&[text]).is_err(), "{text:?}");
        }
        assert!(read(&["日医.example"]).is_err_and(|problem| problem.contains("xn--")));
        assert!(read(&["a.example", "A.example"]).is_err_and(|problem| problem.contains("once")), "twice");
        let many: Vec<String> = (0..=MOST_HOSTS).map(|number| format!("h{number}.example")).collect();
        assert!(hosts(&many).is_err() && hosts(&many[1..]).is_ok());
    }
}
