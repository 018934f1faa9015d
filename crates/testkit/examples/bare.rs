//! The least that a renewal by EST can cost on this machine: mTLS, the CSR verified, a P-256 signature, one durable
//! row in SQLite with commits in groups; no policy, no audit, no intent. `cargo xtask bench` drives it with the same
//! load generator as the real server, in the same run.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer};
use koshin_issuance::{certs_only, read_csr, read_private_key_pem};
use koshin_testkit::terminal::certificates;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SubjectPublicKeyInfo};
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Rows that share one durable commit at most, as in the real server.
const GROUP: usize = 256;

#[derive(Parser)]
struct Options {
    /// The directory of a real server: its CA and its certificate are used.
    #[arg(long)]
    server: PathBuf,
    /// A new database.
    #[arg(long)]
    database: PathBuf,
    /// Rows that it has at the beginning: as many as the real one has certificates.
    #[arg(long, default_value_t = 0)]
    rows: u32,
}

/// A certificate to be kept, and whom to tell.
type Row = (Vec<u8>, oneshot::Sender<()>);

struct Bare {
    issuer: rcgen::Issuer<'static, KeyPair>,
    rows: Sender<Row>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let acceptor = TlsAcceptor::from(Arc::new(tls(&options)?));
    let (rows, queue) = channel();
    let database = open(&options)?;
    thread::spawn(move || keep(database, &queue));
    let bare = Arc::new(Bare { issuer: issuer(&options)?, rows });

    let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("bare: listening on https://localhost:{}", socket.local_addr()?.port());
    loop {
        let (stream, _) = socket.accept().await?;
        let (acceptor, bare) = (acceptor.clone(), Arc::clone(&bare));
        tokio::spawn(async move {
            if let Err(error) = bare.answer(&acceptor, stream).await {
                eprintln!("bare: {error:#}");
            }
        });
    }
}

impl Bare {
    async fn answer(&self, acceptor: &TlsAcceptor, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut tls = acceptor.accept(stream).await?;
        let body = read_body(&mut tls).await?;
        let der = self.certify(&STANDARD.decode(body)?)?;
        let (done, wait) = oneshot::channel();
        self.rows.send((der.clone(), done)).ok().context("the writer has ended")?;
        wait.await.context("the row was not kept")?;
        let text = STANDARD.encode(certs_only(&[&der])?);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
        tls.write_all(&[head.as_bytes(), text.as_bytes()].concat()).await?;
        Ok(tls.shutdown().await?)
    }

    fn certify(&self, csr: &[u8]) -> Result<Vec<u8>> {
        let request = read_csr(csr)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, request.common_name.unwrap_or_default());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        let key = SubjectPublicKeyInfo::from_der(request.public_key.spki_der())?;
        Ok(params.signed_by(&key, &self.issuer)?.der().to_vec())
    }
}

/// The body of one request with a Content-Length.
async fn read_body(stream: &mut (impl AsyncReadExt + Unpin)) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            anyhow::bail!("the request was cut");
        }
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(start) = request.parse(&bytes)? else { continue };
        let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length: usize = std::str::from_utf8(length.context("no length")?.value)?.parse()?;
        if bytes.len() >= start + length {
            return Ok(bytes[start..start + length].to_vec());
        }
    }
}

fn tls(options: &Options) -> Result<ServerConfig> {
    let file = |name: &str| options.server.join(name);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&file("ca/issuing.crt")));
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build()?;
    let key = read_private_key_pem(&fs::read(file("tls/server.key"))?, None)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&file("tls/server.crt")), key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn issuer(options: &Options) -> Result<rcgen::Issuer<'static, KeyPair>> {
    let key = read_private_key_pem(&fs::read(options.server.join("ca/issuing.key"))?, None)?;
    let certificate = certificates(&options.server.join("ca/issuing.crt")).remove(0);
    Ok(rcgen::Issuer::from_ca_cert_der(&certificate, KeyPair::try_from(key.pkcs8_der())?)?)
}

fn open(options: &Options) -> Result<SqliteConnection> {
    let mut connection = SqliteConnection::establish(&options.database.display().to_string())?;
    connection.batch_execute(
        "pragma journal_mode = wal; pragma synchronous = full; create table row (der blob not null);",
    )?;
    diesel::sql_query(
        "with recursive number (n) as (select 1 union all select n + 1 from number where n < ?) \
         insert into row (der) select randomblob(700) from number where n <= ?",
    )
    .bind::<Integer, _>(i32::try_from(options.rows)?)
    .bind::<Integer, _>(i32::try_from(options.rows)?)
    .execute(&mut connection)?;
    Ok(connection)
}

/// Writes what waits, in one transaction, and tells everybody when it is durable.
fn keep(mut connection: SqliteConnection, queue: &Receiver<Row>) {
    while let Ok(first) = queue.recv() {
        let group: Vec<Row> = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)).collect();
        let written = connection.immediate_transaction(|connection| {
            for (der, _) in &group {
                diesel::sql_query("insert into row (der) values (?)")
                    .bind::<Binary, _>(der)
                    .execute(connection)?;
            }
            diesel::QueryResult::Ok(())
        });
        if let Err(error) = written {
            eprintln!("bare: {error}");
            continue;
        }
        for (_, done) in group {
            // Whoever has gone does not wait.
            let _ = done.send(());
        }
    }
}
