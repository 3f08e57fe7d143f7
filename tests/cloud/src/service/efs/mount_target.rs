//! Mount targets: one a zone, each with a network interface that holds its subnet and security groups.

use super::{LifeCycle, ask_about, id_in, named, page_of, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::clock::Time;
use crate::service::Item;
use crate::service::ec2::{self, InterfaceFault, MAX_GROUPS, NewInterface, Subnet};
use crate::service::ecs;
use crate::service::iam::linked;
use crate::tags::Tags;
use crate::world::{Event, Region};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateMountTarget", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "DescribeMountTargets", access: Access::Read, asks: describe_asks, run: describe_some },
    Operation { name: "DeleteMountTarget", access: Access::Write, asks: delete_asks, run: delete },
    Operation {
        name: "DescribeMountTargetSecurityGroups",
        access: Access::Read,
        asks: |call| {
            let seen = Ask::new("ec2:DescribeNetworkInterfaceAttribute", "*");
            vec![ask_target(call, "DescribeMountTargetSecurityGroups"), seen]
        },
        run: describe_groups,
    },
    Operation {
        name: "ModifyMountTargetSecurityGroups",
        access: Access::Write,
        asks: |call| {
            let changed = ask_interface(call, "ModifyNetworkInterfaceAttribute");
            vec![ask_target(call, "ModifyMountTargetSecurityGroups"), changed]
        },
        run: modify_groups,
    },
];

/// Page size, whatever is asked for: `DescribeMountTargetsRequest$MaxItems` in the API model.
const PAGE: usize = 10;
/// Seconds from created to available and from deleted to gone (observed order of magnitude).
const CREATING: (f64, f64) = (80.0, 120.0);
const DELETING: (f64, f64) = (45.0, 75.0);
/// Seconds for which the interface outlives its mount target (observed order of magnitude).
const LINGERING: (f64, f64) = (5.0, 30.0);
/// Seconds from available to a name that resolves; "wait 90 seconds" says "Mounting EFS file systems", Amazon EFS User Guide.
const NAMING: (f64, f64) = (0.0, 30.0);

/// A mount target.
#[derive(Clone, Debug)]
pub(super) struct MountTarget {
    id: String,
    pub(super) file_system: String,
    subnet: String,
    pub(super) vpc: String,
    pub(super) zone: String,
    zone_id: String,
    pub(super) state: LifeCycle,
    address: String,
    pub(super) interface: String,
    groups: Vec<String>,
    naming: Duration,
    /// From when on the file system's name resolves in this zone.
    pub(super) resolves: Option<Time>,
}

impl MountTarget {
    pub(super) fn settle(&mut self, now: Time) {
        self.state = self.state.settled();
        self.resolves = Some(now + self.naming);
    }
}

fn target<'r>(region: &'r Region, named: &str) -> Result<&'r MountTarget, Refusal> {
    let id = id_in(named);
    region.efs.mount_targets.get(id).ok_or_else(|| refusals::no_mount_target(id))
}

/// A mount target is asked about by its file system.
fn ask_target(call: &Call<'_>, action: &str) -> Ask {
    let found = target(call.peek(), call.text("MountTargetId")).ok();
    ask_about(call, action, found.map_or("", |target| &target.file_system))
}

fn ask_interface(call: &Call<'_>, action: &str) -> Ask {
    let found = target(call.peek(), call.text("MountTargetId")).ok();
    let interface = found.map_or("*", |target| &target.interface);
    Ask::new(format!("ec2:{action}"), call.arn("ec2", &format!("network-interface/{interface}")))
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = vec![
        ask_about(call, "CreateMountTarget", call.text("FileSystemId")),
        Ask::new("ec2:DescribeSubnets", "*"),
        Ask::new("ec2:DescribeNetworkInterfaces", "*"),
        Ask::new("ec2:CreateNetworkInterface", call.arn("ec2", "network-interface/*")),
        Ask::new("ec2:CreateNetworkInterface", call.arn("ec2", &format!("subnet/{}", call.text("SubnetId")))),
    ];
    asks.extend(
        groups_in(call)
            .iter()
            .map(|group| Ask::new("ec2:CreateNetworkInterface", call.arn("ec2", &format!("security-group/{group}")))),
    );
    asks.extend(linked::asks(call, linked::EFS));
    asks
}

fn delete_asks(call: &Call<'_>) -> Vec<Ask> {
    vec![ask_target(call, "DeleteMountTarget"), ask_interface(call, "DeleteNetworkInterface")]
}

fn describe_asks(call: &Call<'_>) -> Vec<Ask> {
    let region = call.peek();
    let file_system = match (call.input["MountTargetId"].as_str(), call.input["AccessPointId"].as_str()) {
        (Some(named), _) => target(region, named).map(|target| target.file_system.clone()).unwrap_or_default(),
        (None, Some(point)) => {
            region.efs.access_points.get(id_in(point)).map(|point| point.file_system.clone()).unwrap_or_default()
        }
        (None, None) => call.text("FileSystemId").to_owned(),
    };
    vec![ask_about(call, "DescribeMountTargets", &file_system)]
}

fn groups_in(call: &Call<'_>) -> Vec<String> {
    let groups = call.input["SecurityGroups"].as_array();
    groups.into_iter().flatten().filter_map(|group| group.as_str().map(str::to_owned)).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let groups = groups_in(call);
    let file_system = super::available(call)?.clone();
    if groups.len() > MAX_GROUPS {
        return Err(refusals::too_many_groups(MAX_GROUPS));
    }
    let subnet = subnet(call)?;
    if let Some(zone) = file_system.zone.filter(|zone| zone.name != subnet.zone) {
        return Err(refusals::other_zone(&zone.name));
    }
    check_neighbours(call.peek(), &file_system.id, &subnet)?;
    check_address(call, &subnet)?;
    let groups = groups_or_default(call.peek(), &subnet.vpc, groups);
    linked::make(call, linked::EFS);
    let target = place_target(call, &file_system.id, subnet, groups)?;
    let answer = describe(call.peek(), &target);
    let (place, id) = (call.regional().place(), target.id.clone());
    call.regional().efs.mount_targets.insert(id.clone(), target);
    let delay = call.world.random.seconds(CREATING.0, CREATING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::Settle(id)));
    Ok(answer)
}

fn subnet(call: &Call<'_>) -> Result<Subnet, Refusal> {
    let id = call.text("SubnetId");
    call.peek().ec2.subnets.get(id).cloned().ok_or_else(|| refusals::no_subnet(id))
}

/// One VPC a file system and one mount target a zone, those being deleted included.
fn check_neighbours(region: &Region, file_system: &str, subnet: &Subnet) -> Result<(), Refusal> {
    let mut neighbours = region.efs.mount_targets.values().filter(|target| target.file_system == file_system);
    if neighbours.clone().any(|target| target.vpc != subnet.vpc) {
        return Err(refusals::conflict(
            "requested subnet for new mount target is not in the same VPC as existing mount targets",
        ));
    }
    if neighbours.any(|target| target.zone == subnet.zone) {
        return Err(refusals::conflict("mount target already exists in this AZ"));
    }
    Ok(())
}

fn check_address(call: &Call<'_>, subnet: &Subnet) -> Result<(), Refusal> {
    let Some(address) = call.input["IpAddress"].as_str() else { return Ok(()) };
    let mut interfaces = call.peek().ec2.interfaces.values().filter(|interface| interface.subnet == subnet.id);
    if interfaces.any(|interface| interface.address.to_string() == address) {
        return Err(refusals::address_in_use(address));
    }
    Err(refusals::bad_request("Choosing the address of a mount target is not part of this cloud."))
}

/// The groups asked for, or the default group of the VPC.
fn groups_or_default(region: &Region, vpc: &str, groups: Vec<String>) -> Vec<String> {
    if groups.is_empty() { ec2::default_group(region, vpc).into_iter().collect() } else { groups }
}

/// A mount target with its interface; it is not in the world yet.
fn place_target(
    call: &mut Call<'_>,
    file_system: &str,
    subnet: Subnet,
    groups: Vec<String>,
) -> Result<MountTarget, Refusal> {
    let id = call.world.random.id("fsmt");
    let place = call.regional().place();
    let new = NewInterface {
        subnet: subnet.id.clone(),
        groups: groups.clone(),
        description: format!("EFS mount target for {file_system} ({id})"),
        requester: "EFS",
        interface_type: "efs",
        public_ip: false,
    };
    let interface = ec2::create_interface(call.world, &place, new).map_err(fault)?;
    let naming = call.world.random.seconds(NAMING.0, NAMING.1);
    Ok(MountTarget {
        id,
        file_system: file_system.to_owned(),
        subnet: subnet.id,
        vpc: subnet.vpc,
        zone: subnet.zone,
        zone_id: subnet.zone_id,
        state: LifeCycle::Creating,
        address: interface.private_ip,
        interface: interface.id,
        groups,
        naming,
        resolves: None,
    })
}

fn fault(fault: InterfaceFault) -> Refusal {
    match fault {
        InterfaceFault::NoSubnet(id) => refusals::no_subnet(&id),
        InterfaceFault::NoGroup(id) => refusals::no_group(&id),
        InterfaceFault::NoAddress(subnet) => refusals::no_address(&subnet),
    }
}

fn describe_some(call: &mut Call<'_>) -> Answer {
    let members = ["FileSystemId", "MountTargetId", "AccessPointId"];
    let given: Vec<&str> = members.into_iter().filter(|member| call.input[*member].is_string()).collect();
    let [member] = given[..] else {
        return Err(refusals::bad_request("Specify exactly one of FileSystemId, MountTargetId and AccessPointId."));
    };
    let (region, id) = (call.peek(), id_in(call.text(member)));
    let file_system = match member {
        "MountTargetId" => {
            return Ok(json!({"MountTargets": [describe(region, target(region, id)?)]}));
        }
        "AccessPointId" => {
            let point = region.efs.access_points.get(id).ok_or_else(|| refusals::no_access_point(id))?;
            point.file_system.clone()
        }
        _ => named(region, id)?.id.clone(),
    };
    let all = region.efs.mount_targets.values().filter(|target| target.file_system == file_system);
    let all = all.map(|target| (target.id.clone(), describe(region, target))).collect();
    let (page, next) = page_of(call, all, PAGE, "Marker", &file_system)?;
    Ok(json!({"MountTargets": page, "Marker": call.input["Marker"], "NextMarker": next}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let target = target(call.peek(), call.text("MountTargetId"))?.clone();
    if target.state == LifeCycle::Deleting {
        return nothing();
    }
    let now = call.now;
    let region = call.regional();
    let place = region.place();
    ecs::sever(region, now, &target.file_system, &target.zone, &target.id);
    if let Some(target) = region.efs.mount_targets.get_mut(&target.id) {
        target.state = LifeCycle::Deleting;
    }
    let gone = call.world.random.seconds(DELETING.0, DELETING.1);
    let lingers = call.world.random.seconds(LINGERING.0, LINGERING.1);
    ec2::release_interface(call.world, &place, &target.interface, gone + lingers);
    call.world.after(gone, &place, Event::Efs(super::Event::Vanish(target.id)));
    nothing()
}

fn describe_groups(call: &mut Call<'_>) -> Answer {
    let target = target(call.peek(), call.text("MountTargetId"))?;
    if target.state == LifeCycle::Deleting {
        return Err(refusals::mount_target_state(&target.id, target.state.text()));
    }
    Ok(json!({"SecurityGroups": target.groups}))
}

fn modify_groups(call: &mut Call<'_>) -> Answer {
    let groups = groups_in(call);
    let target = target(call.peek(), call.text("MountTargetId"))?.clone();
    if target.state != LifeCycle::Available {
        return Err(refusals::mount_target_state(&target.id, target.state.text()));
    }
    if groups.len() > MAX_GROUPS {
        return Err(refusals::too_many_groups(MAX_GROUPS));
    }
    let groups = groups_or_default(call.peek(), &target.vpc, groups);
    let region = call.regional();
    ec2::set_interface_groups(region, &target.interface, &groups).map_err(fault)?;
    if let Some(target) = region.efs.mount_targets.get_mut(&target.id) {
        target.groups = groups;
    }
    nothing()
}

fn describe(region: &Region, target: &MountTarget) -> Value {
    json!({
        "OwnerId": region.account,
        "MountTargetId": target.id,
        "FileSystemId": target.file_system,
        "SubnetId": target.subnet,
        "LifeCycleState": target.state.text(),
        "IpAddress": target.address,
        "NetworkInterfaceId": target.interface,
        "AvailabilityZoneId": target.zone_id,
        "AvailabilityZoneName": target.zone,
        "VpcId": target.vpc,
    })
}

pub(super) fn item(region: &Region, target: &MountTarget) -> Item {
    let mut state = describe(region, target);
    state["SecurityGroups"] = json!(target.groups);
    Item { kind: "elasticfilesystem:mount-target", id: target.id.clone(), arn: String::new(), tags: Tags::new(), state }
}
