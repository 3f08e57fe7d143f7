//! What the API server must be given before it starts: a token for the admin, and a key pair for service accounts.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use crate::kubeconfig::write_private;

/// The file of [`write_admin_token`].
pub(crate) const TOKENS_FILE: &str = "tokens.csv";
/// The private half of [`write_service_account_keys`].
pub(crate) const SIGNING_KEY_FILE: &str = "service-account.key";
/// The public half of [`write_service_account_keys`].
pub(crate) const VERIFYING_KEY_FILE: &str = "service-account.pub";

/// The user that may do everything.
pub(crate) const ADMIN: &str = "jenkinsstack-admin";

/// What precedes the point in the DER form of a P-256 public key (RFC 5480).
const P256_PUBLIC_KEY_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Writes the token file of the API server, and returns the admin's token.
pub(crate) fn write_admin_token(folder: &Path) -> Result<String> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).map_err(|_| anyhow!("no random numbers"))?;
    let mut token = String::new();
    for byte in random {
        write!(token, "{byte:02x}")?;
    }
    let line = format!("{token},{ADMIN},{ADMIN},system:masters\n");
    write_private(&folder.join(TOKENS_FILE), line.as_bytes())?;
    Ok(token)
}

/// Writes the key pair with which the API server signs and checks the tokens of service accounts.
pub(crate) fn write_service_account_keys(folder: &Path) -> Result<()> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| anyhow!("no key"))?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random).map_err(|error| anyhow!("{error}"))?;
    let public = [&P256_PUBLIC_KEY_HEADER, pair.public_key().as_ref()].concat();
    write_private(&folder.join(SIGNING_KEY_FILE), pem("PRIVATE KEY", private.as_ref()).as_bytes())?;
    write_private(&folder.join(VERIFYING_KEY_FILE), pem("PUBLIC KEY", &public).as_bytes())
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in BASE64_STANDARD.encode(der).as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}
