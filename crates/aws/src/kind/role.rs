//! Placeholder.

use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target};
use crate::error::{Class, Error};
use crate::permission::Permission;
use crate::tagged::Tagged;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::role::Desired;
use jenkinsstack_core::observed::Seen;

pub(crate) struct Role;

fn missing<T>(operation: &'static str) -> Result<T, Error> {
    Err(Error::new(Class::Bug, operation, "role", "bug: no driver"))
}

impl Driver for Role {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[];

    async fn list(_: &Account, _: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        missing("list")
    }

    async fn read(_: &Account, _: Target<'_>, _: &str) -> Result<Option<Seen>, Error> {
        missing("read")
    }

    async fn create(_: &Account, _: Target<'_>, _: &Node, _: &Desired) -> Result<Seen, Error> {
        missing("create")
    }

    async fn update(_: &Account, _: Target<'_>, _: &Seen, _: &Node, _: &Desired, _: &[Field]) -> Result<Seen, Error> {
        missing("update")
    }

    async fn delete(_: &Account, _: Target<'_>, _: &Seen) -> Result<Deletion, Error> {
        missing("delete")
    }
}
