//! `koshin-server init`

use super::{CliError, Place};
use crate::{
    clock,
    home::Home,
    setup::{self, Wish},
};
use koshin_issuance::KeyAlgorithm;
use secrecy::ExposeSecret;

/// Make a server's directory.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Host name or address under which the terminals reach this server
    #[arg(long)]
    host: String,
    /// Port to listen on
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Address to listen on [default: all; 127.0.0.1 with --demo]
    #[arg(long)]
    bind: Option<std::net::IpAddr>,
    /// Kind of the CA keys
    #[arg(long, value_enum, default_value_t = CaKeyKind::P256)]
    ca_key: CaKeyKind,
    /// A demonstration: every certificate is renewable, and /rpc/ answers
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CaKeyKind {
    #[value(name = "p-256")]
    P256,
    #[value(name = "rsa-3072")]
    Rsa3072,
}

impl From<CaKeyKind> for KeyAlgorithm {
    fn from(kind: CaKeyKind) -> Self {
        match kind {
            CaKeyKind::P256 => Self::P256,
            CaKeyKind::Rsa3072 => Self::Rsa { bits: 3072 },
        }
    }
}

pub(super) fn run(place: &Place, args: Args) -> Result<(), CliError> {
    let everywhere = if args.demo { [127, 0, 0, 1].into() } else { [0, 0, 0, 0].into() };
    let bind = args.bind.unwrap_or(everywhere);
    let wish = Wish {
        host: args.host,
        listen: std::net::SocketAddr::new(bind, args.port).to_string(),
        database_url: place.database_url.as_ref().map(|url| url.expose_secret().to_owned()),
        ca_key: args.ca_key.into(),
        demo: args.demo,
    };
    setup::init(&place.home, &wish, clock::now())?;
    explain(&place.home);
    Ok(())
}

fn explain(home: &Home) {
    let dir = home.path().display();
    say!("made   {}", home.config().display());
    say!("made   {}  (keep a copy of ca/, and move ca/root.key offline)", home.root_key().display());
    say!("made   {}", home.issuing_certificate().display());
    say!("made   {}", home.server_certificate().display());
    say!("next   koshin-server tenant add TENANT --dir {dir}");
    say!("       koshin-server issue --tenant TENANT --cn client001 --out OUT --dir {dir}");
    say!("       koshin-server serve --dir {dir}");
}
