//! What the driver of a listener rule promises.

use crate::bench::{Bench, Calls};
use crate::front::{group_by_hand, listener_by_hand};
use crate::home::existing;
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::listener_rule::{Conditions, Desired, Login, Provider};
use jenkinsstack_core::kind::{Desired as Any, Kind};
use jenkinsstack_core::owner::TAG_FINGERPRINT;
use jenkinsstack_core::secret::{Fingerprinter, SecretValue};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ITEM: &str = "elasticloadbalancing:listener-rule";

/// A bench with the user's listener, a target group, and the node of a rule that asks for a login.
struct Stage {
    bench: Bench,
    listener: String,
    group: String,
    id: NodeId,
    node: Node,
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let listener = listener_by_hand(&bench).await;
        let group = group_by_hand(&bench, "first");
        let id = NodeId::new("rule");
        let node = rule(&bench, &listener, &group, &id, Some(login("hunter2")));
        Self { bench, listener, group, id, node }
    }

    fn other(&self, id: &NodeId) -> Node {
        rule(&self.bench, &self.listener, &self.group, id, None)
    }
}

fn rule(bench: &Bench, listener: &str, group: &str, id: &NodeId, login: Option<Login>) -> Node {
    let conditions = Conditions { hosts: ["ci.example.com".to_owned()].into(), ..Conditions::default() };
    let desired = Desired {
        listener: Input::Known(listener.parse().unwrap()),
        priority: 100,
        conditions,
        login,
        target_group: Input::Known(group.parse().unwrap()),
    };
    bench.node(id, "unused", Any::ListenerRule(desired))
}

fn login(secret: &str) -> Login {
    let client_secret = SecretValue::new(secret);
    let fingerprint = Fingerprinter::new("key").of("oidc", &client_secret);
    let provider = Provider {
        issuer: "https://id.example.com".into(),
        authorization_endpoint: "https://id.example.com/authorize".into(),
        token_endpoint: "https://id.example.com/token".into(),
        user_info_endpoint: "https://id.example.com/userinfo".into(),
        client_id: "jenkins".into(),
        scope: "openid email".into(),
        session_cookie_name: "AWSELBAuthSessionCookie".into(),
        session_timeout: 28_800,
        on_unauthenticated_request: "authenticate".into(),
        extra_params: BTreeMap::new(),
    };
    Login { provider, client_secret, fingerprint }
}

fn with(node: &Node, change: impl FnOnce(&mut Desired)) -> Node {
    let mut node = node.clone();
    let Any::ListenerRule(desired) = &mut node.desired else { panic!("a rule") };
    change(desired);
    node
}

/// Hash of the client secret that AWS has.
fn secret(bench: &Bench) -> Value {
    let rule = existing(bench, ITEM).remove(0);
    rule.state["Actions"][0]["AuthenticateOidcConfig"]["ClientSecretSha256"].clone()
}

fn by_hand(stage: &Stage, priority: i32) -> String {
    let input = json!({
        "ListenerArn": stage.listener,
        "Priority": priority,
        "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["theirs.example.com"]}}],
        "Actions": [{"Type": "forward", "TargetGroupArn": stage.group}],
    });
    stage.bench.by_hand("elbv2", "CreateRule", input)["Rules"][0]["RuleArn"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    let calls = Calls {
        create: &["CreateRule"],
        again: &["CreateRule", "DescribeRules", "DescribeTags"],
        read: &["DescribeRules", "DescribeTags"],
        delete: &["DescribeRules", "DescribeTags", "DeleteRule"],
    };
    bench.life(&id, &node, &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_a_lost_answer() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    bench.lose(&id, &node, "CreateRule").await;
    assert_eq!(existing(&bench, ITEM).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_and_what_change_in_place_and_keep_the_secret() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    let seen = bench.create(&id, &node).await;
    let before = secret(&bench);
    let second = group_by_hand(&bench, "second");
    let narrow = with(&node, |desired| {
        desired.conditions.paths = ["/ci".to_owned(), "/ci/*".to_owned()].into();
        desired.conditions.sources = ["192.0.2.0/24".to_owned()].into();
    });
    let seen = bench.update(&id, &seen, &narrow, &["conditions"]).await;
    let later = with(&narrow, |desired| desired.priority = 200);
    let seen = bench.update(&id, &seen, &later, &["priority"]).await;
    let elsewhere = with(&later, |desired| desired.target_group = Input::Known(second.parse().unwrap()));
    let seen = bench.update(&id, &seen, &elsewhere, &["targetGroupArn"]).await;
    let asking = with(&elsewhere, |desired| {
        let provider = &mut desired.login.as_mut().unwrap().provider;
        provider.client_id = "another".into();
        provider.extra_params.insert("prompt".into(), "login".into());
    });
    let seen = bench.update(&id, &seen, &asking, &["authenticateOidc"]).await;
    let mut tagged = asking.clone();
    tagged.tags.insert("team".into(), "b".into());
    let seen = bench.update(&id, &seen, &tagged, &["tags"]).await;
    assert_eq!(secret(&bench), before);
    let all = ["priority", "conditions", "authenticateOidc", "targetGroupArn", "tags"];
    let seen = bench.update(&id, &seen, &node, &all).await;
    assert_eq!(secret(&bench), before);
    assert_eq!(bench.list(&id, Kind::ListenerRule).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn another_secret_is_written_and_remembered() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    let seen = bench.create(&id, &node).await;
    let before = secret(&bench);
    let extra = json!([{"Key": "extra", "Value": "theirs"}]);
    bench.by_hand("elbv2", "AddTags", json!({"ResourceArns": [seen.id()], "Tags": extra}));
    let seen = bench.read(&id, &seen).await.unwrap();
    let rotated = with(&node, |desired| desired.login = Some(login("hunter3")));
    let fields = bench.fields(&seen, &rotated);
    let (now, calls) = bench.counting(bench.account.update(bench.target(&id), &seen, &rotated, &fields)).await;
    assert_eq!(calls, ["ModifyRule", "AddTags"]);
    // A listing that comes before the news of the tag does not undo it.
    let observation = bench.account.observe(&bench.owner, Duration::ZERO).await;
    assert_eq!(observation.snapshot.of(&id), [now.unwrap()]);
    assert_ne!(secret(&bench), before);
    let seen = bench.list(&id, Kind::ListenerRule).await.remove(0);
    assert_eq!(bench.fields(&seen, &rotated), []);
    assert_eq!(seen.tags.as_ref().unwrap()["extra"], "theirs");
    bench.update(&id, &seen, &node, &["clientSecretFingerprint"]).await;
    assert_eq!(secret(&bench), before);
}

#[tokio::test(start_paused = true)]
async fn the_login_goes_and_comes_back() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    let seen = bench.create(&id, &node).await;
    let before = secret(&bench);
    let open = with(&node, |desired| desired.login = None);
    let seen = bench.update(&id, &seen, &open, &["authenticateOidc", "clientSecretFingerprint"]).await;
    assert_eq!(bench.list(&id, Kind::ListenerRule).await, std::slice::from_ref(&seen));
    let seen = bench.update(&id, &seen, &node, &["authenticateOidc", "clientSecretFingerprint"]).await;
    assert_eq!(secret(&bench), before);
    // By somebody's hand: the fingerprint is still there, the secret is not.
    let actions = json!([{"Type": "forward", "TargetGroupArn": seen_group(&node)}]);
    bench.by_hand("elbv2", "ModifyRule", json!({"RuleArn": seen.id(), "Actions": actions}));
    let seen = bench.read(&id, &seen).await.unwrap();
    bench.update(&id, &seen, &node, &["authenticateOidc"]).await;
    assert_eq!(secret(&bench), before);
}

fn seen_group(node: &Node) -> String {
    let Any::ListenerRule(desired) = &node.desired else { panic!("a rule") };
    desired.target_group.known().unwrap().to_string()
}

/// A crash between the two calls of a rotation leaves the old tag: the secret is written once more.
#[tokio::test(start_paused = true)]
async fn a_rule_without_its_fingerprint_is_given_its_secret_again() {
    let Stage { bench, id, node, .. } = Stage::new().await;
    let seen = bench.create(&id, &node).await;
    let before = secret(&bench);
    bench.by_hand("elbv2", "RemoveTags", json!({"ResourceArns": [seen.id()], "TagKeys": [TAG_FINGERPRINT]}));
    let seen = bench.read(&id, &seen).await.unwrap();
    bench.update(&id, &seen, &node, &["clientSecretFingerprint"]).await;
    assert_eq!(secret(&bench), before);
}

#[tokio::test(start_paused = true)]
async fn a_priority_that_is_taken_is_named() {
    let stage = Stage::new().await;
    let holder = by_hand(&stage, 100);
    let error = stage.bench.try_create(&stage.id, &stage.node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    assert!(error.message.contains("priority 100") && error.message.contains(&holder), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert_eq!(existing(&stage.bench, ITEM).len(), 1);
    assert_eq!(stage.bench.list(&stage.id, Kind::ListenerRule).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_priority_of_another_node_is_waited_for() {
    let stage = Stage::new().await;
    let open = NodeId::new("open-rule/1");
    stage.bench.create(&open, &stage.other(&open)).await;
    let error = stage.bench.try_create(&stage.id, &stage.node).await.unwrap_err();
    assert_eq!(error.class, Class::Conflict, "{error}");
    assert!(error.message.contains("open-rule/1 of this stack"), "{error}");
}

/// The tagging API still shows the first one; a single call for both would fail.
#[tokio::test(start_paused = true)]
async fn a_rule_that_vanished_hides_no_other() {
    let stage = Stage::new().await;
    let open = NodeId::new("open-rule/1");
    let first = stage.bench.create(&open, &with(&stage.other(&open), |desired| desired.priority = 99)).await;
    let second = stage.bench.create(&stage.id, &stage.node).await;
    stage.bench.wait(Duration::from_secs(120)).await;
    stage.bench.by_hand("elbv2", "DeleteRule", json!({"RuleArn": first.id()}));
    let observation = stage.bench.restarted().await.observe(&stage.bench.owner, Duration::ZERO).await;
    assert!(!observation.snapshot.unread.contains(&Kind::ListenerRule));
    assert_eq!(observation.snapshot.of(&open), []);
    assert_eq!(observation.snapshot.of(&stage.id), [second]);
}
