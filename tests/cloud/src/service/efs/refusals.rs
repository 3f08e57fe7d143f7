//! How EFS words its refusals.

use super::file_system::FileSystem;
use crate::call::Refusal;
use crate::clock::Time;
use crate::tags::TagFault;

fn refusal(code: &'static str, status: u16, message: impl Into<String>) -> Refusal {
    Refusal::new(code, message).status(status).with("ErrorCode", code)
}

pub(super) fn bad_request(message: impl Into<String>) -> Refusal {
    refusal("BadRequest", 400, message)
}

pub(super) fn bad_token(member: &str) -> Refusal {
    bad_request(format!("The value of {member} is not valid."))
}

pub(super) fn tags(fault: TagFault) -> Refusal {
    bad_request(match fault {
        TagFault::TooMany => "The number of tags exceeds the limit of 50 tags per resource.".to_owned(),
        TagFault::Duplicate(key) => format!("Duplicate tag key '{key}'."),
        TagFault::Invalid(key) => format!("Invalid tag with key '{key}'."),
        TagFault::Reserved(key) => format!("The tag key '{key}' is invalid: the prefix aws: is reserved."),
    })
}

pub(super) fn no_key() -> Refusal {
    bad_request("The KMS key does not exist.")
}

pub(super) fn key_disabled() -> Refusal {
    bad_request("The KMS key is not enabled.")
}

pub(super) fn no_file_system(id: &str) -> Refusal {
    refusal("FileSystemNotFound", 404, format!("File system '{id}' does not exist."))
}

pub(super) fn no_mount_target(id: &str) -> Refusal {
    refusal("MountTargetNotFound", 404, format!("Mount target '{id}' does not exist."))
}

pub(super) fn no_access_point(id: &str) -> Refusal {
    refusal("AccessPointNotFound", 404, format!("Access point '{id}' does not exist."))
}

pub(super) fn token_used(id: &str, token: &str) -> Refusal {
    let message = format!("File system '{id}' already exists with creation token '{token}'");
    refusal("FileSystemAlreadyExists", 409, message).with("FileSystemId", id)
}

pub(super) fn client_token_used(id: &str, token: &str) -> Refusal {
    let message = format!("Access point '{id}' already exists with client token '{token}'");
    refusal("AccessPointAlreadyExists", 409, message).with("AccessPointId", id)
}

pub(super) fn too_many_file_systems(limit: usize) -> Refusal {
    refusal("FileSystemLimitExceeded", 403, format!("You have reached the limit of {limit} file systems."))
}

pub(super) fn not_available(file_system: &FileSystem) -> Refusal {
    let text = format!("File system '{}' is not available: it is {}.", file_system.id, file_system.state.text());
    refusal("IncorrectFileSystemLifeCycleState", 409, text)
}

pub(super) fn in_use(id: &str) -> Refusal {
    refusal("FileSystemInUse", 409, format!("File system '{id}' has mount targets; delete them first."))
}

pub(super) fn mount_target_state(id: &str, state: &str) -> Refusal {
    refusal("IncorrectMountTargetState", 409, format!("Mount target '{id}' is {state}."))
}

pub(super) fn conflict(message: &str) -> Refusal {
    refusal("MountTargetConflict", 409, message)
}

pub(super) fn no_subnet(id: &str) -> Refusal {
    refusal("SubnetNotFound", 400, format!("The subnet ID '{id}' does not exist"))
}

pub(super) fn no_group(id: &str) -> Refusal {
    refusal("SecurityGroupNotFound", 400, format!("The security group ID '{id}' does not exist in the subnet's VPC"))
}

pub(super) fn too_many_groups(limit: usize) -> Refusal {
    let message = format!("A mount target can have at most {limit} security groups.");
    refusal("SecurityGroupLimitExceeded", 400, message)
}

pub(super) fn no_address(subnet: &str) -> Refusal {
    refusal("NoFreeAddressesInSubnet", 409, format!("There are no free addresses in subnet '{subnet}'."))
}

pub(super) fn address_in_use(address: &str) -> Refusal {
    refusal("IpAddressInUse", 409, format!("The address {address} is in use."))
}

pub(super) fn other_zone(zone: &str) -> Refusal {
    refusal("AvailabilityZonesMismatch", 400, format!("The file system is in Availability Zone {zone} only."))
}

pub(super) fn no_zone(zone: &str) -> Refusal {
    refusal("UnsupportedAvailabilityZone", 400, format!("Availability Zone {zone} is not supported."))
}

/// AWS words it so: hashicorp/terraform-provider-aws issue 14927, ansible-collections/community.aws pull request 2026.
pub(super) fn wait_until(until: Time) -> Refusal {
    let until = until.iso();
    let until = until.split('.').next().unwrap_or_default();
    let message =
        "You have reached the maximum number of throughput mode changes or provisioned throughput value decreases.";
    refusal("TooManyRequests", 429, format!("{message} Wait until {until}Z UTC and try again."))
}

pub(super) fn throughput_limit(limit: f64) -> Refusal {
    let message = format!("The throughput limit of {limit} MiB/s has been reached.");
    refusal("ThroughputLimitExceeded", 400, message)
}

pub(super) fn no_policy(id: &str) -> Refusal {
    refusal("PolicyNotFound", 404, format!("Policy for file system '{id}' does not exist."))
}

pub(super) fn bad_policy(message: impl Into<String>) -> Refusal {
    refusal("InvalidPolicyException", 400, message)
}

pub(super) fn no_replication(id: &str) -> Refusal {
    refusal("ReplicationNotFound", 404, format!("Replication for file system '{id}' does not exist."))
}
