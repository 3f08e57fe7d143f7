//! Signature Version 4: whose key, which scope, how old. The signature's bytes are not checked.

use crate::call::{Principal, Refusal};
use crate::clock::Time;
use crate::world::World;

/// What a signature says of a request.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Access key id.
    pub access_key: String,
    /// Session token that came with it.
    pub session_token: Option<String>,
    /// Region in the credential scope.
    pub region: String,
}

impl Credential {
    /// Whose key it is, if it is known and still good.
    pub fn principal(&self, world: &World, now: Time) -> Result<Principal, Refusal> {
        let invalid = || {
            Refusal::new("InvalidClientTokenId", "The security token included in the request is invalid.").status(403)
        };
        let key = world.keys.get(&self.access_key).ok_or_else(invalid)?;
        if key.session_token != self.session_token {
            return Err(invalid());
        }
        if key.expires.is_some_and(|end| end <= now) {
            return Err(
                Refusal::new("ExpiredToken", "The security token included in the request is expired").status(403)
            );
        }
        Ok(key.principal.clone())
    }
}
