//! Access points: a user and a root directory for those who mount through them.

use super::{LifeCycle, ask_about, available, id_in, limit, named, page_of, refusals, tags_in};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::service::Item;
use crate::tags::{Spelling, Tags};
use crate::world::{Event, Region};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateAccessPoint", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "DescribeAccessPoints", access: Access::Read, asks: describe_asks, run: describe_some },
    Operation {
        name: "DeleteAccessPoint",
        access: Access::Write,
        asks: |call| vec![ask_access_point(call, "DeleteAccessPoint", call.text("AccessPointId"))],
        run: delete,
    },
];

/// "Resource quotas", Amazon EFS User Guide.
const MAX_PATH: usize = 100;
const MAX_LEVELS: usize = 4;
/// Seconds from created to available and from deleted to gone (observed order of magnitude).
const CREATING: (f64, f64) = (1.0, 5.0);
const DELETING: (f64, f64) = (1.0, 5.0);

/// An access point.
#[derive(Clone, Debug)]
pub(super) struct AccessPoint {
    pub(super) id: String,
    token: String,
    pub(super) file_system: String,
    user: Option<PosixUser>,
    pub(super) path: String,
    pub(super) creation: Option<CreationInfo>,
    pub(super) tags: Tags,
    pub(super) state: LifeCycle,
}

/// As whom files are read and written.
#[derive(Clone, Debug)]
struct PosixUser {
    uid: u64,
    gid: u64,
    secondary: Vec<u64>,
}

/// Owner and mode of the root directory, if the first mount has to make it.
#[derive(Clone, Debug)]
pub(super) struct CreationInfo {
    uid: u64,
    gid: u64,
    pub(super) permissions: String,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

impl PosixUser {
    fn read(value: &Value) -> Option<Self> {
        let secondary = value["SecondaryGids"].as_array().into_iter().flatten().map(number).collect();
        value.is_object().then(|| Self { uid: number(&value["Uid"]), gid: number(&value["Gid"]), secondary })
    }

    fn describe(&self) -> Value {
        let secondary = (!self.secondary.is_empty()).then_some(&self.secondary);
        json!({"Uid": self.uid, "Gid": self.gid, "SecondaryGids": secondary})
    }
}

impl CreationInfo {
    fn read(value: &Value) -> Option<Self> {
        let permissions = value["Permissions"].as_str().unwrap_or_default().to_owned();
        let (uid, gid) = (number(&value["OwnerUid"]), number(&value["OwnerGid"]));
        value.is_object().then_some(Self { uid, gid, permissions })
    }

    pub(super) fn describe(&self) -> Value {
        json!({"OwnerUid": self.uid, "OwnerGid": self.gid, "Permissions": self.permissions})
    }
}

/// The question about one access point, as far as it exists.
pub(super) fn ask_access_point(call: &Call<'_>, action: &str, named: &str) -> Ask {
    let id = id_in(named);
    let resource = call.arn("elasticfilesystem", &format!("access-point/{id}"));
    let ask = Ask::new(format!("elasticfilesystem:{action}"), resource);
    match call.peek().efs.access_points.get(id) {
        Some(point) => ask.resource_tags(&point.tags),
        None => ask,
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let create = ask_about(call, "CreateAccessPoint", call.text("FileSystemId")).request_tags(&tags);
    [create].into_iter().chain(super::ask_to_tag(call, "access-point/*")).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let tags = tags_in(call)?;
    let token = call.text("ClientToken").to_owned();
    let root = call.input["RootDirectory"].clone();
    let path = root["Path"].as_str().unwrap_or("/").to_owned();
    check_path(&path)?;
    if let Some(known) = call.peek().efs.access_points.values().find(|known| known.token == token) {
        return Err(refusals::client_token_used(&known.id, &token));
    }
    let file_system = available(call)?.id.clone();
    let point = AccessPoint {
        id: call.world.random.id("fsap"),
        token,
        file_system,
        user: PosixUser::read(&call.input["PosixUser"]),
        path,
        creation: CreationInfo::read(&root["CreationInfo"]),
        tags,
        state: LifeCycle::Creating,
    };
    let answer = describe(call.peek(), &point);
    let (place, id) = (call.regional().place(), point.id.clone());
    call.regional().efs.access_points.insert(id.clone(), point);
    let delay = call.world.random.seconds(CREATING.0, CREATING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::Settle(id)));
    Ok(answer)
}

/// At most 100 characters and four levels, none of them empty, hidden or with characters of the shell.
fn check_path(path: &str) -> Result<(), Refusal> {
    let levels: Vec<&str> = path.split('/').skip(1).collect();
    let is_level = |level: &&str| {
        !level.is_empty() && !level.starts_with('.') && !level.contains(|c| "$#<>;`|&?{}^*\n".contains(c))
    };
    let fits = path.starts_with('/') && path.chars().count() <= MAX_PATH && levels.len() <= MAX_LEVELS;
    if path == "/" || (fits && levels.iter().all(is_level)) {
        Ok(())
    } else {
        Err(refusals::bad_request(format!("The root directory path '{path}' is not valid.")))
    }
}

fn describe_asks(call: &Call<'_>) -> Vec<Ask> {
    match call.input["AccessPointId"].as_str() {
        Some(point) => vec![ask_access_point(call, "DescribeAccessPoints", point)],
        None => vec![ask_about(call, "DescribeAccessPoints", call.text("FileSystemId"))],
    }
}

fn describe_some(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let (point, file_system) = (call.input["AccessPointId"].as_str(), call.input["FileSystemId"].as_str());
    if point.is_some() && file_system.is_some() {
        return Err(refusals::bad_request("Specify either an AccessPointId or a FileSystemId, not both."));
    }
    if let Some(id) = point {
        return Ok(json!({"AccessPoints": [describe(region, find(region, id)?)]}));
    }
    let file_system = file_system.map(|id| named(region, id)).transpose()?.map(|found| found.id.as_str());
    let all = region.efs.access_points.values().filter(|point| file_system.is_none_or(|id| point.file_system == id));
    let all = all.map(|point| (point.id.clone(), describe(region, point))).collect();
    let listing = format!("ap {}", file_system.unwrap_or_default());
    let (page, next) = page_of(call, all, limit(call, "MaxResults"), "NextToken", &listing)?;
    Ok(json!({"AccessPoints": page, "NextToken": next}))
}

/// The access point of that id or ARN.
pub(super) fn find<'r>(region: &'r Region, named: &str) -> Result<&'r AccessPoint, Refusal> {
    let id = id_in(named);
    region.efs.access_points.get(id).ok_or_else(|| refusals::no_access_point(id))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let id = find(call.peek(), call.text("AccessPointId"))?.id.clone();
    let region = call.regional();
    let place = region.place();
    if let Some(point) = region.efs.access_points.get_mut(&id) {
        point.state = LifeCycle::Deleting;
    }
    let delay = call.world.random.seconds(DELETING.0, DELETING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::Vanish(id)));
    nothing()
}

pub(super) fn arn(region: &Region, id: &str) -> String {
    region.arn("elasticfilesystem", &format!("access-point/{id}"))
}

fn describe(region: &Region, point: &AccessPoint) -> Value {
    json!({
        "ClientToken": point.token,
        "Name": point.tags.get("Name"),
        "Tags": Spelling::Upper.write(&point.tags),
        "AccessPointId": point.id,
        "AccessPointArn": arn(region, &point.id),
        "FileSystemId": point.file_system,
        "PosixUser": point.user.as_ref().map(PosixUser::describe),
        "RootDirectory": {
            "Path": point.path,
            "CreationInfo": point.creation.as_ref().map(CreationInfo::describe),
        },
        "OwnerId": region.account,
        "LifeCycleState": point.state.text(),
    })
}

pub(super) fn item(region: &Region, point: &AccessPoint) -> Item {
    Item {
        kind: "elasticfilesystem:access-point",
        id: point.id.clone(),
        arn: arn(region, &point.id),
        tags: point.tags.clone(),
        state: describe(region, point),
    }
}
