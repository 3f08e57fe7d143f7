//! What the operator sends, member by member, and whether somebody has changed it by hand: by the log of its calls, and
//! not by what its code compares.

use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::calls::{Outcome, Record};
use jenkinsstack_sim::hands::{Desk, hands};
use jenkinsstack_sim::{Stage, spec};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A day and a little more: AWS takes one change of the throughput mode a day.
const A_DAY: Duration = Duration::from_secs(25 * 60 * 60);

/// Model and member, with the values that were sent.
type Members = BTreeMap<(&'static str, String), BTreeSet<String>>;

/// A member whose call has another name for it than a hand's, or that nobody can change.
struct Told {
    model: &'static str,
    member: &'static str,
    by: By,
}

impl Told {
    /// Whether it is about this member, or one that holds it.
    fn is_about(&self, model: &str, member: &str) -> bool {
        let inner = member.strip_prefix(self.member).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.model == model && inner
    }
}

/// Where a member is accounted for.
enum By {
    /// The row of this kind and setting changes it.
    Row(&'static str, &'static str),
    /// Nothing does, and why.
    Nothing(&'static str),
}

const fn row(model: &'static str, member: &'static str, kind: &'static str, setting: &'static str) -> Told {
    Told { model, member, by: By::Row(kind, setting) }
}

const fn none(model: &'static str, member: &'static str, why: &'static str) -> Told {
    Told { model, member, by: By::Nothing(why) }
}

const NAME: &str = "it says which one";
const FIXED: &str = "no call of the API changes it after creation";
const REVISION: (&str, &str) = ("task_definition", "revision");

const TOLD: &[Told] = &[
    none("ec2", "Description", FIXED),
    none("ec2", "GroupId", NAME),
    none("ec2", "GroupName", NAME),
    row("ec2", "IpPermissions.IpProtocol", "security_group_rule", "ports"),
    row("ec2", "IpPermissions.IpRanges.CidrIp", "security_group_rule", "peer"),
    row("ec2", "IpPermissions.IpRanges.Description", "security_group_rule", "description"),
    row("ec2", "IpPermissions.UserIdGroupPairs.Description", "security_group_rule", "description"),
    row("ec2", "IpPermissions.UserIdGroupPairs.GroupId", "security_group_rule", "peer"),
    none("ec2", "VpcId", FIXED),
    // One of the two is taken away, which names no other.
    row("ecs", "capacityProviders", "cluster", "capacityProviders"),
    none("ecs", "clusterName", NAME),
    // A revision is fixed: others are registered beside it.
    row("ecs", "containerDefinitions", REVISION.0, REVISION.1),
    row("ecs", "executionRoleArn", REVISION.0, REVISION.1),
    row("ecs", "launchType", "service", "capacityProviderStrategy"),
    row("ecs", "loadBalancers.containerName", "service", "container"),
    row("ecs", "loadBalancers.containerPort", "service", "container"),
    row("ecs", "loadBalancers.targetGroupArn", "service", "targetGroupArn"),
    row("ecs", "networkConfiguration.awsvpcConfiguration.subnets", "service", "subnets"),
    row("ecs", "networkMode", REVISION.0, REVISION.1),
    none("ecs", "platformVersion", "it is not known how AWS shows it: see `service::Settings`"),
    row("ecs", "requiresCompatibilities", REVISION.0, REVISION.1),
    row("ecs", "runtimePlatform", REVISION.0, REVISION.1),
    none("ecs", "serviceName", NAME),
    row("ecs", "taskRoleArn", REVISION.0, REVISION.1),
    row("ecs", "volumes", REVISION.0, REVISION.1),
    none("efs", "ClientToken", NAME),
    none("efs", "CreationToken", NAME),
    none("efs", "Encrypted", FIXED),
    none("efs", "FileSystemId", NAME),
    none("efs", "PosixUser", FIXED),
    none("efs", "RootDirectory", FIXED),
    none("efs", "SubnetId", FIXED),
    row("elbv2", "Actions.AuthenticateOidcConfig.ClientSecret", "listener_rule", "clientSecretFingerprint"),
    none("elbv2", "Actions.Order", "the login comes first, or there is no rule"),
    row("elbv2", "Actions.TargetGroupArn", "listener_rule", "targetGroupArn"),
    none(
        "elbv2",
        "Attributes.access_logs.s3.enabled",
        "switched on it names a bucket, which stays there when it is off; tests/contract has the way back",
    ),
    none("elbv2", "LoadBalancerArn", NAME),
    none("elbv2", "Name", NAME),
    row("elbv2", "Port", "listener", "port"),
    row("elbv2", "Priority", "listener_rule", "priority"),
    row("elbv2", "Protocol", "listener", "protocol"),
    none("elbv2", "Scheme", FIXED),
    none("elbv2", "TargetGroupArn", NAME),
    none("elbv2", "TargetType", FIXED),
    none("elbv2", "Type", FIXED),
    none("elbv2", "VpcId", FIXED),
    row("iam", "AssumeRolePolicyDocument", "role", "trustPolicy"),
    none("iam", "Description", "the one call that lists roles does not show it: see `role::Desired`"),
    none("iam", "Path", FIXED),
    none("iam", "RoleName", NAME),
    none("logs", "logGroupName", NAME),
    row("logs", "retentionInDays", "log_group", "retentionInDays"),
    none("secretsmanager", "Name", NAME),
];

/// Members of tags: each kind has a row `tags`.
const TAGS: [&str; 4] = ["Tags", "tags", "TagSpecifications", "tagSpecifications"];

/// All members of a request, by name from the top; of lists that of each element, of attributes each by its key.
fn members(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(pair) if pair.contains_key("Key") && pair.contains_key("Value") => {
            let key = pair["Key"].as_str().unwrap_or_default();
            found.push((below(key), pair["Value"].to_string()));
        }
        Value::Object(map) => {
            map.iter()
                .filter(|(name, _)| !TAGS.contains(&name.as_str()))
                .for_each(|(name, value)| members(value, &below(name), found));
        }
        Value::Array(list) if list.is_empty() => found.push((path.to_owned(), "[]".to_owned())),
        Value::Array(list) => list.iter().for_each(|value| members(value, path, found)),
        scalar => found.push((path.to_owned(), scalar.to_string())),
    }
}

/// What was written in a log, by the operator or by hand.
fn written(stage: &Stage, by_door: bool) -> Members {
    stage.life.cloud.log(|log| {
        let done = |record: &&Record| record.by_door == by_door && record.outcome == Outcome::Done;
        let writes = log.records().filter(done).filter(|record| record.access == Some(Access::Write));
        let mut all = Members::new();
        for record in writes.filter(|record| !record.operation.contains("Tag")) {
            let mut found = Vec::new();
            members(&record.input, "", &mut found);
            for (member, value) in found {
                all.entry((record.service.model, member)).or_default().insert(value);
            }
        }
        all
    })
}

/// What every hand has changed, each in an account of its own.
fn by_hand(stage: &Stage) -> (Members, Vec<String>) {
    let (sight, before) = (stage.sight(), stage.life.cloud.snapshot());
    let (mut all, mut failed) = (Members::new(), Vec::new());
    for hand in hands() {
        let own = stage.at(&before);
        failed
            .extend((hand.deed)(&Desk { stage: &own, sight: &sight }).err().map(|error| format!("{hand}: {error:#}")));
        for (member, values) in written(&own, false) {
            all.entry(member).or_default().extend(values);
        }
    }
    (all, failed)
}

#[tokio::test(start_paused = true)]
async fn every_member_that_is_sent_has_a_row() {
    let stage = Stage::set().await.unwrap();
    let spec = spec::reference(&stage.life.network);
    Box::pin(stage.live(&stage.life.operator().await.unwrap(), &spec)).await.unwrap();
    tokio::time::sleep(A_DAY).await;
    let sent = written(&stage, true);
    assert!(sent.len() > 60, "the log reads otherwise now: {sent:?}");
    let (touched, failed) = by_hand(&stage);
    assert!(failed.is_empty(), "{failed:#?}");
    // Sending what is there already changes nothing.
    let changed = |key: &(&'static str, String)| touched.get(key).is_some_and(|values| !values.is_subset(&sent[key]));
    let without: Vec<&(&str, String)> = sent.keys().filter(|key| !changed(key)).collect();
    let told = |(model, member): &(&str, String)| TOLD.iter().any(|told| told.is_about(model, member));
    let open: Vec<_> = without.iter().filter(|key| !told(key)).collect();
    assert!(open.is_empty(), "{} of {} members without a row:\n{open:#?}", open.len(), sent.len());
    let used = |told: &&Told| without.iter().any(|(model, member)| told.is_about(model, member));
    let idle: Vec<&str> = TOLD.iter().filter(|told| !used(told)).map(|told| told.member).collect();
    assert!(idle.is_empty(), "told without need: {idle:?}");
    let rows: BTreeSet<(&str, &str)> = hands().iter().map(|hand| (hand.kind, hand.setting)).collect();
    for Told { model, member, by } in TOLD {
        match by {
            By::Row(kind, setting) => assert!(rows.contains(&(*kind, *setting)), "{model} {member}: no such row"),
            By::Nothing(why) => assert!(!why.is_empty()),
        }
    }
    println!("{} members, {} of them told", sent.len(), TOLD.len());
}
