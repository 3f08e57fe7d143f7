//! The IAM permissions that drivers declare, and the operator's policy that is made of them.

/// One IAM action, on what, under which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Action, for example `elasticfilesystem:CreateFileSystem`.
    pub action: &'static str,
    /// Resources it is allowed on.
    pub on: On,
    /// Condition it is allowed under.
    pub when: When,
}

/// Resources of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// Every resource: the action knows no resource-level permissions, or ids that can't be known before.
    Any,
    /// ARNs by a pattern, in which `{partition}`, `{region}`, `{account}` and `{cluster}` are filled in.
    Arn(&'static str),
}

/// Condition of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// None: reads, and actions that IAM can't bound.
    Always,
    /// The resource carries our cluster's tag.
    Owned,
    /// The request sets our cluster's tag.
    Tagging,
    /// The request sets our cluster's tag as part of one of these create operations.
    Creating(&'static [&'static str]),
    /// The user shares the resource by the tag `jenkinsstack.io/shared-with` with our cluster's name.
    Shared,
    /// The role is passed to this service.
    PassedTo(&'static str),
}

/// Shorthand for the tables of the drivers.
pub(crate) const fn permit(action: &'static str, on: On, when: When) -> Permission {
    Permission { action, on, when }
}
