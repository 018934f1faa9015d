//! What today's applications do that no standard asks for, each with its history.
//! Nothing else in the server knows of these; when the last such client is gone, this
//! file goes.
//!
//! - **`Transfer-Encoding: identity`** (glclient2 3.0.0, on HTTP/1.1, for POST and GET).
//!   RFC 2616 had it, RFC 7230 took it away; HTTP servers answer 400 or 501. It means
//!   nothing, so it is cut out of the head before the HTTP parser sees it.
//! - **`//api/cert`** (glclient2, when its base URL ends with a slash). Leading slashes
//!   are folded into one.

use bytes::{Buf, BytesMut};
use http::uri::{PathAndQuery, Uri};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A head longer than this is not examined; the HTTP parser refuses it.
const MAX_HEAD: usize = 64 * 1024;
/// Headers beyond this are not examined; the HTTP parser refuses the request.
const MAX_HEADERS: usize = 128;
const READ: usize = 16 * 1024;

/// `uri` with any run of leading slashes in its path folded into one.
pub fn fold_leading_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query()?.as_str();
    let rest = path.strip_prefix("//")?.trim_start_matches('/');
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("/{rest}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// An HTTP/1.1 stream without `Transfer-Encoding: identity` headers.
///
/// Bodies pass untouched: their length is followed by `Content-Length`. After a head
/// with any other transfer encoding, or one that cannot be read, everything passes as
/// it is and the HTTP parser judges.
pub struct WithoutIdentityEncoding<S> {
    stream: S,
    part: Part,
    /// Read, but not examined: the beginning of a head.
    raw: BytesMut,
    /// How much of it is known not to end the head.
    scanned: usize,
    /// Examined: for the HTTP parser.
    clean: BytesMut,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Body { left: u64 },
    Rest,
}

impl<S> WithoutIdentityEncoding<S> {
    /// Wraps a stream at the start of its first request.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            part: Part::Head,
            raw: BytesMut::new(),
            scanned: 0,
            clean: BytesMut::new(),
            ended: false,
        }
    }

    /// Moves from `raw` to `clean` all that can be judged by now.
    fn examine(&mut self) {
        while !self.raw.is_empty() {
            match self.part {
                Part::Rest => self.pass(self.raw.len()),
                Part::Body { left } => {
                    let len = usize::try_from(left).unwrap_or(usize::MAX).min(self.raw.len());
                    self.pass(len);
                    let left = left - len as u64;
                    self.part = if left == 0 { Part::Head } else { Part::Body { left } };
                }
                Part::Head => match head_length(&self.raw, self.scanned) {
                    Some(length) => self.head(length),
                    None if self.raw.len() > MAX_HEAD => self.part = Part::Rest,
                    None => {
                        self.scanned = self.raw.len();
                        break;
                    }
                },
            }
        }
    }

    fn pass(&mut self, len: usize) {
        let passed = self.raw.split_to(len);
        self.clean.extend_from_slice(&passed);
    }

    fn head(&mut self, length: usize) {
        let head = self.raw.split_to(length);
        self.scanned = 0;
        let (clean, next) = clean_head(&head);
        self.clean.extend_from_slice(&clean);
        self.part = next;
    }
}

/// Where a head ends: after an empty line, whose ends may be bare LF (RFC 9112, 2.2).
/// `scanned` bytes are known not to end it.
fn head_length(bytes: &[u8], scanned: usize) -> Option<usize> {
    let start = scanned.saturating_sub(2);
    bytes[start..].iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(offset, _)| {
        let line_end = start + offset + 1;
        let rest = &bytes[line_end..];
        let empty_line = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
        (empty_line > 0).then_some(line_end + empty_line)
    })
}

/// The head without the meaningless header, and what follows it on the wire.
fn clean_head(head: &[u8]) -> (Vec<u8>, Part) {
    let untouched = || (head.to_vec(), Part::Rest);
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if request.parse(head).is_err() {
        return untouched();
    }
    let mut left = 0;
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if !is_identity(header.value) {
                return untouched();
            }
        } else if header.name.eq_ignore_ascii_case("content-length") {
            match std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok()) {
                Some(length) => left = length,
                None => return untouched(),
            }
        }
    }
    let clean = head
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !is_identity_line(line))
        .collect::<Vec<_>>()
        .concat();
    (clean, if left == 0 { Part::Head } else { Part::Body { left } })
}

fn is_identity(value: &[u8]) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(b"identity")
}

fn is_identity_line(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    line[..colon].eq_ignore_ascii_case(b"transfer-encoding") && is_identity(&line[colon + 1..])
}

impl<S: AsyncRead + Unpin> AsyncRead for WithoutIdentityEncoding<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.clean.is_empty() && !this.ended {
            let mut space = [0; READ];
            let mut read = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                this.ended = true;
                this.part = Part::Rest;
            }
            this.raw.extend_from_slice(read.filled());
            this.examine();
        }
        let len = this.clean.len().min(out.remaining());
        out.put_slice(&this.clean[..len]);
        this.clean.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithoutIdentityEncoding<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    async fn cleaned(wire: &[u8], piece: usize) -> String {
        let (mut near, far) = tokio::io::duplex(piece);
        let wire = wire.to_vec();
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            near.write_all(&wire).await.expect("the other end reads");
        });
        let mut out = Vec::new();
        WithoutIdentityEncoding::new(far).read_to_end(&mut out).await.expect("reads to the end");
        String::from_utf8(out).expect("text in, text out")
    }

    #[tokio::test]
    async fn the_header_goes_and_all_else_stays_however_the_bytes_arrive() {
        let table: [(&str, &str); 7] = [
            (
                "POST /api/cert HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
                "POST /api/cert HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
            ),
            // Two requests on one connection; the second begins where the first body ends.
            (
                "POST / HTTP/1.1\r\nContent-Length: 2\r\ntransfer-encoding:IDENTITY\r\n\r\n{}GET /x HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /x HTTP/1.1\r\n\r\n",
            ),
            // A body that looks like the header is a body.
            (
                "POST / HTTP/1.1\r\nContent-Length: 31\r\n\r\nTransfer-Encoding: identity\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 31\r\n\r\nTransfer-Encoding: identity\r\n\r\n",
            ),
            // Real transfer encodings are the HTTP parser's business.
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            ),
            // Line ends without CR.
            ("GET / HTTP/1.1\nTransfer-Encoding: identity\nHost: h\n\n", "GET / HTTP/1.1\nHost: h\n\n"),
            ("nonsense\r\n\r\nmore", "nonsense\r\n\r\nmore"),
            ("GET / HTTP/1.1\r\nHost: cut", "GET / HTTP/1.1\r\nHost: cut"),
        ];
        for (wire, expected) in table {
            for piece in [1, 7, 4096] {
                assert_eq!(cleaned(wire.as_bytes(), piece).await, expected, "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn leading_slashes_fold_into_one() {
        let fold =
            |text: &str| fold_leading_slashes(&text.parse().expect("a URI")).map(|uri| uri.to_string());
        assert_eq!(fold("//api/cert"), Some("/api/cert".to_owned()));
        assert_eq!(fold("///api/cert?x=1"), Some("/api/cert?x=1".to_owned()));
        assert_eq!(fold("/api//cert"), None);
    }
}
