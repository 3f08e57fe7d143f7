//! IAM: roles, policies, profiles, providers.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_iam::Client;
use aws_sdk_iam::operation::add_role_to_instance_profile::AddRoleToInstanceProfileError;
use aws_sdk_iam::operation::create_role::CreateRoleError;
use aws_sdk_iam::operation::delete_role::DeleteRoleError;
use aws_sdk_iam::operation::detach_role_policy::DetachRolePolicyError;
use aws_sdk_iam::operation::get_role::GetRoleError;
use aws_sdk_iam::operation::put_role_policy::PutRolePolicyError;
use aws_sdk_iam::types::{PolicyEvaluationDecisionType, PolicyScopeType, Tag};

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
const POLICY: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}"#;
const AWS_POLICY: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

fn tag(key: &str) -> Tag {
    Tag::builder().key(key).value("x").build().expect("a tag")
}

/// Documents go over the wire URL-encoded, and the SDK leaves them so.
fn decoded(document: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = document.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                let text = std::str::from_utf8(&digits).expect("digits");
                bytes.push(u8::from_str_radix(text, 16).expect("digits"));
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).expect("a text")
}

#[track_caller]
fn same(document: &str, other: &str) {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("a document");
    assert_eq!(read(&decoded(document)), read(other));
}

async fn roles(desk: &Desk, iam: &Client) {
    let create = iam.create_role().role_name("build").path("/ci/").assume_role_policy_document(TRUST);
    let made = create.tags(tag("team")).send().await.expect("a role");
    let made = made.role().expect("a role");
    assert_eq!((made.arn(), made.path()), ("arn:aws:iam::111122223333:role/ci/build", "/ci/"));
    assert!(made.role_id().starts_with("AROA"));
    iam.update_role()
        .role_name("build")
        .description("builds")
        .max_session_duration(7200)
        .send()
        .await
        .expect("updated");
    desk.wait(30).await;
    let shown = iam.get_role().role_name("build").send().await.expect("a role");
    let shown = shown.role().expect("a role");
    assert_eq!((shown.description(), shown.max_session_duration()), (Some("builds"), Some(7200)));
    assert_eq!(shown.create_date().secs(), made.create_date().secs());
    same(shown.assume_role_policy_document().expect("a document"), TRUST);
    let described = iam.update_role_description().role_name("build").description("for builds").send().await;
    assert_eq!(described.expect("updated").role().and_then(|role| role.description()), Some("for builds"));
    iam.update_assume_role_policy().role_name("build").policy_document(TRUST).send().await.expect("updated");
    iam.tag_role().role_name("build").tags(tag("stack")).send().await.expect("tagged");
    iam.untag_role().role_name("build").tag_keys("team").send().await.expect("untagged");
    desk.wait(30).await;
    let tags = iam.list_role_tags().role_name("build").send().await.expect("tags");
    assert_eq!(tags.tags(), [tag("stack")]);
    let listed = iam.list_roles().path_prefix("/ci/").send().await.expect("roles");
    assert_eq!((listed.roles().len(), listed.is_truncated()), (1, false));
}

async fn role_policies(desk: &Desk, iam: &Client) {
    iam.put_role_policy().role_name("build").policy_name("p").policy_document(POLICY).send().await.expect("put");
    iam.attach_role_policy().role_name("build").policy_arn(AWS_POLICY).send().await.expect("attached");
    desk.wait(30).await;
    let inline = iam.get_role_policy().role_name("build").policy_name("p").send().await.expect("a policy");
    same(inline.policy_document(), POLICY);
    let names = iam.list_role_policies().role_name("build").send().await.expect("policies");
    assert_eq!(names.policy_names(), ["p"]);
    let attached = iam.list_attached_role_policies().role_name("build").send().await.expect("policies");
    assert_eq!(attached.attached_policies()[0].policy_arn(), Some(AWS_POLICY));
    let arn = "arn:aws:iam::111122223333:role/ci/build";
    let simulate = iam.simulate_principal_policy().policy_source_arn(arn).action_names("ecs:ListClusters");
    let results = simulate.action_names("ec2:DescribeVpcs").send().await.expect("results");
    let decisions: Vec<_> = results.evaluation_results().iter().map(|result| result.eval_decision()).collect();
    assert_eq!(decisions, [&PolicyEvaluationDecisionType::Allowed, &PolicyEvaluationDecisionType::ImplicitDeny]);
    let report = iam.get_account_authorization_details().send().await.expect("a report");
    let role = report.role_detail_list().iter().find(|role| role.role_name() == Some("build")).expect("the role");
    assert_eq!((role.role_policy_list().len(), role.attached_managed_policies().len()), (1, 1));
    iam.detach_role_policy().role_name("build").policy_arn(AWS_POLICY).send().await.expect("detached");
    iam.delete_role_policy().role_name("build").policy_name("p").send().await.expect("deleted");
}

async fn policies(desk: &Desk, iam: &Client) {
    let made = iam.create_policy().policy_name("limit").policy_document(POLICY).send().await.expect("a policy");
    let arn = made.policy().and_then(|policy| policy.arn()).expect("an ARN");
    let version = iam.create_policy_version().policy_arn(arn).policy_document(POLICY).send().await.expect("a version");
    assert_eq!(version.policy_version().and_then(|version| version.version_id()), Some("v2"));
    iam.set_default_policy_version().policy_arn(arn).version_id("v2").send().await.expect("set");
    iam.tag_policy().policy_arn(arn).tags(tag("stack")).tags(tag("team")).send().await.expect("tagged");
    iam.untag_policy().policy_arn(arn).tag_keys("team").send().await.expect("untagged");
    iam.put_role_permissions_boundary().role_name("build").permissions_boundary(arn).send().await.expect("put");
    desk.wait(30).await;
    let shown = iam.get_policy().policy_arn(arn).send().await.expect("a policy");
    let shown = shown.policy().expect("a policy");
    assert_eq!((shown.default_version_id(), shown.tags()), (Some("v2"), [tag("stack")].as_slice()));
    assert_eq!(shown.permissions_boundary_usage_count(), Some(1));
    let versions = iam.list_policy_versions().policy_arn(arn).send().await.expect("versions");
    assert_eq!(versions.versions().len(), 2);
    let text = iam.get_policy_version().policy_arn(arn).version_id("v1").send().await.expect("a version");
    same(text.policy_version().and_then(|version| version.document()).expect("a document"), POLICY);
    let local = iam.list_policies().scope(PolicyScopeType::Local).send().await.expect("policies");
    assert_eq!(local.policies().len(), 1);
    iam.delete_role_permissions_boundary().role_name("build").send().await.expect("deleted");
    iam.delete_policy_version().policy_arn(arn).version_id("v1").send().await.expect("deleted");
    iam.delete_policy().policy_arn(arn).send().await.expect("deleted");
}

async fn profiles(desk: &Desk, iam: &Client) {
    let made = iam.create_instance_profile().instance_profile_name("agents").send().await.expect("a profile");
    let made = made.instance_profile().expect("a profile");
    assert_eq!(made.arn(), "arn:aws:iam::111122223333:instance-profile/agents");
    iam.add_role_to_instance_profile().instance_profile_name("agents").role_name("build").send().await.expect("added");
    iam.tag_instance_profile().instance_profile_name("agents").tags(tag("stack")).send().await.expect("tagged");
    desk.wait(30).await;
    let shown = iam.get_instance_profile().instance_profile_name("agents").send().await.expect("a profile");
    let shown = shown.instance_profile().expect("a profile");
    assert_eq!((shown.roles()[0].role_name(), shown.tags()), ("build", [tag("stack")].as_slice()));
    iam.untag_instance_profile().instance_profile_name("agents").tag_keys("stack").send().await.expect("untagged");
    let all = iam.list_instance_profiles().send().await.expect("profiles");
    let of_role = iam.list_instance_profiles_for_role().role_name("build").send().await.expect("profiles");
    assert_eq!((all.instance_profiles().len(), of_role.instance_profiles().len()), (1, 1));
    let remove = iam.remove_role_from_instance_profile().instance_profile_name("agents").role_name("build");
    remove.send().await.expect("removed");
    iam.delete_instance_profile().instance_profile_name("agents").send().await.expect("deleted");
}

async fn providers_and_linked_roles(desk: &Desk, iam: &Client) {
    let create = iam.create_open_id_connect_provider().url("https://id.example.com/ci");
    let made = create.client_id_list("sts.amazonaws.com").send().await.expect("a provider");
    let arn = made.open_id_connect_provider_arn().expect("an ARN");
    let shown = iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await.expect("it");
    assert_eq!(
        (shown.url(), shown.client_id_list()),
        (Some("id.example.com/ci"), ["sts.amazonaws.com".to_owned()].as_slice())
    );
    let all = iam.list_open_id_connect_providers().send().await.expect("providers");
    assert_eq!(all.open_id_connect_provider_list()[0].arn(), Some(arn));
    iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await.expect("deleted");

    let linked = iam.create_service_linked_role().aws_service_name("spot.amazonaws.com").send().await.expect("a role");
    let name = linked.role().expect("a role").role_name();
    assert_eq!(name, "AWSServiceRoleForEC2Spot");
    desk.wait(30).await;
    let task = iam.delete_service_linked_role().role_name(name).send().await.expect("a task");
    let status = iam.get_service_linked_role_deletion_status().deletion_task_id(task.deletion_task_id()).send().await;
    assert_eq!(status.expect("a status").status().as_str(), "SUCCEEDED");
}

pub(crate) async fn good_cases(desk: &Desk) {
    let iam = Client::new(&desk.config);
    roles(desk, &iam).await;
    role_policies(desk, &iam).await;
    policies(desk, &iam).await;
    profiles(desk, &iam).await;
    providers_and_linked_roles(desk, &iam).await;
    iam.delete_role().role_name("build").send().await.expect("deleted");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let iam = Client::new(&desk.config);
    let create = |trust: &str| iam.create_role().role_name("build").assume_role_policy_document(trust).send();
    create(TRUST).await.expect("a role");
    let error = refused!(create(TRUST), CreateRoleError::EntityAlreadyExistsException);
    assert_eq!(error.message(), Some("Role with name build already exists."));
    refused!(create("{}"), CreateRoleError::MalformedPolicyDocumentException);
    refused!(iam.get_role().role_name("none").send(), GetRoleError::NoSuchEntityException);
    let long = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "ecs:{}", "Resource": "*"}}]}}"#,
        "a".repeat(10_300)
    );
    let put = iam.put_role_policy().role_name("build").policy_name("p").policy_document(long).send();
    refused!(put, PutRolePolicyError::LimitExceededException);
    let detach = iam.detach_role_policy().role_name("build").policy_arn(AWS_POLICY).send();
    refused!(detach, DetachRolePolicyError::NoSuchEntityException);
    iam.create_instance_profile().instance_profile_name("agents").send().await.expect("a profile");
    let add = || iam.add_role_to_instance_profile().instance_profile_name("agents").role_name("build").send();
    add().await.expect("added");
    refused!(add(), AddRoleToInstanceProfileError::LimitExceededException);
    let delete = |name: &str| iam.delete_role().role_name(name).send();
    refused!(delete("build"), DeleteRoleError::DeleteConflictException);
    iam.create_service_linked_role().aws_service_name("spot.amazonaws.com").send().await.expect("a role");
    refused!(delete("AWSServiceRoleForEC2Spot"), DeleteRoleError::UnmodifiableEntityException);
}
