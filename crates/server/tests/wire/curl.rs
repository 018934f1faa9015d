//! glclient2 is libcurl with OpenSSL: every way in which it may speak.

use koshin_testkit::ServerInABox;

use crate::support::{Curl, serial_of};

#[test]
fn both_requests_with_pem_and_pkcs12_over_h1_and_h2_by_tls_1_2_and_1_3() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(curl) = Curl::find(&terminal) else { return };
    let mut serials = vec![terminal.serial()];
    for (form, curl) in [("PEM", curl.with_pem()), ("PKCS#12", curl.with_pkcs12())] {
        for (http, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
            for tls in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
                let (answer, identity) = curl.with(&[http]).with(&tls).renew(&server.url(), &[]);
                assert_eq!(answer.http_version, version, "{form} {http} {tls:?}");
                serials.push(serial_of(&identity));
            }
        }
    }
    let different: std::collections::BTreeSet<_> = serials.iter().collect();
    assert_eq!(different.len(), 9, "a certificate of its own for each renewal");
}

#[test]
fn the_headers_and_paths_of_glclient2() {
    let mut server = ServerInABox::start();
    let terminal = server.issue("client001");
    let Some(curl) = Curl::find(&terminal) else { return };
    let curl = curl.with_pem();
    // On HTTP/1.1 it sends this with both requests; over h2, libcurl drops it.
    let identity_encoding = ["--header", "Transfer-Encoding: identity", "--user-agent", ""];
    for http in ["--http1.1", "--http2"] {
        curl.with(&[http]).renew(&server.url(), &identity_encoding);
        // A base URL with a slash at its end.
        curl.with(&[http]).renew(&format!("{}/", server.url()), &identity_encoding);
    }
}

#[test]
fn identity_encoding_byte_by_byte() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    let host = format!("Host: localhost:{}\r\n", server.address().port());
    // Both spellings of the header's case, with and without space, before and after the length.
    for header in ["Transfer-Encoding: identity", "transfer-encoding:Identity"] {
        for order in [format!("{header}\r\nContent-Length: 2"), format!("Content-Length: 2\r\n{header}")] {
            let post = format!("POST //api/cert HTTP/1.1\r\n{host}{order}\r\n\r\n{{}}");
            let reply = client.raw(post.as_bytes()).unwrap();
            assert_eq!(reply.status, 200, "{post:?}: {reply:?}");
        }
        let get = format!("GET /api/cert HTTP/1.1\r\n{host}{header}\r\n\r\n");
        let reply = client.raw(get.as_bytes()).unwrap();
        assert_eq!((reply.status, reply.json()["cn"].as_str()), (200, Some("client001")), "{get:?}");
    }
}

#[test]
fn two_requests_on_one_connection() {
    use std::io::Write;
    let mut server = ServerInABox::start();
    let mut stream = server.issue("client001").client().connect().unwrap();
    for _ in 0..2 {
        // The body in a second piece, as slow lines deliver it.
        stream
            .write_all(b"POST /api/cert HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n")
            .unwrap();
        stream.write_all(b"{}").unwrap();
        let reply = koshin_testkit::client::read_response(&mut stream).unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn smuggling_is_not_helped_by_the_tolerance() {
    let mut server = ServerInABox::start();
    let client = server.issue("client001").client();
    let head = "POST /api/cert HTTP/1.1\r\nHost: h\r\n";
    for headers in [
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: chunked, identity\r\nContent-Length: 2",
        "Transfer-Encoding: xchunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3",
    ] {
        let reply = client.raw(format!("{head}{headers}\r\n\r\n{{}}").as_bytes());
        assert!(reply.as_ref().map_or(true, |reply| reply.status == 400), "{headers:?}: {reply:?}");
    }
}
