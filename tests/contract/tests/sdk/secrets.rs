//! Secrets Manager: secrets, versions and their end.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::operation::update_secret::UpdateSecretError;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};

const NAME: &str = "jenkins/admin";
/// A request token of the form that is wanted.
const TOKEN: &str = "00000000-0000-4000-8000-000000000001";

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

async fn values(secrets: &Client) {
    let create = secrets.create_secret().name(NAME).secret_string("hunter2").client_request_token(TOKEN);
    let made = create.tags(tag("team", "ci")).send().await.expect("a secret");
    assert!(made.arn().is_some_and(|arn| arn.contains(":secret:jenkins/admin-")), "{made:?}");
    assert_eq!((made.name(), made.version_id()), (Some(NAME), Some(TOKEN)));
    let put = secrets.put_secret_value().secret_id(NAME).secret_binary(Blob::new([0, 255, 7]));
    let put = put.send().await.expect("a version");
    assert_eq!(put.version_stages(), ["AWSCURRENT"]);
    let now = secrets.get_secret_value().secret_id(NAME).send().await.expect("a value");
    assert_eq!((now.secret_binary(), now.secret_string()), (Some(&Blob::new([0, 255, 7])), None));
    let before = secrets.get_secret_value().secret_id(NAME).version_stage("AWSPREVIOUS").send().await.expect("a value");
    assert_eq!((before.secret_string(), before.version_id()), (Some("hunter2"), Some(TOKEN)));
    let versions = secrets.list_secret_version_ids().secret_id(NAME).send().await.expect("versions");
    assert_eq!(versions.versions().len(), 2);
    let back = secrets.update_secret_version_stage().secret_id(NAME).version_stage("AWSCURRENT");
    let back = back.move_to_version_id(TOKEN).set_remove_from_version_id(put.version_id).send().await.expect("moved");
    assert_eq!(back.name(), Some(NAME));
    let now = secrets.get_secret_value().secret_id(NAME).send().await.expect("a value");
    assert_eq!((now.secret_string(), now.version_stages()), (Some("hunter2"), ["AWSCURRENT".to_owned()].as_slice()));
    let update = secrets.update_secret().secret_id(NAME).description("break glass").send().await.expect("updated");
    assert_eq!((update.arn(), update.version_id()), (made.arn(), None));
}

async fn tags(desk: &Desk, secrets: &Client) {
    secrets.tag_resource().secret_id(NAME).tags(tag("stack", "one")).send().await.expect("tagged");
    secrets.untag_resource().secret_id(NAME).tag_keys("team").send().await.expect("untagged");
    // "ListSecrets might not reflect changes from the last five minutes" (AWS Secrets Manager API Reference).
    desk.wait(301).await;
    let filter = Filter::builder().key(FilterNameStringType::TagKey).values("stack").build();
    let listed = secrets.list_secrets().filters(filter).send().await.expect("secrets");
    assert_eq!(listed.secret_list().iter().map(|secret| secret.name()).collect::<Vec<_>>(), [Some(NAME)]);
    let policy = secrets.get_resource_policy().secret_id(NAME).send().await.expect("a policy");
    assert_eq!((policy.name(), policy.resource_policy()), (Some(NAME), None));
}

pub(crate) async fn good_cases(desk: &Desk) {
    let secrets = Client::new(&desk.config);
    values(&secrets).await;
    tags(desk, &secrets).await;
    let shown = secrets.describe_secret().secret_id(NAME).send().await.expect("a secret");
    assert_eq!((shown.description(), shown.tags()), (Some("break glass"), [tag("stack", "one")].as_slice()));
    assert_eq!(shown.version_ids_to_stages().map(|stages| stages[TOKEN].clone()), Some(vec!["AWSCURRENT".to_owned()]));
    assert!(shown.created_date().is_some() && shown.deleted_date().is_none());
    let end = secrets.delete_secret().secret_id(NAME).recovery_window_in_days(7).send().await.expect("deleted");
    let days = (end.deletion_date().expect("a date").secs() - (desk.cloud.clock().now().0 / 1000) as i64) / 86_400;
    assert_eq!(days, 7);
    let back = secrets.restore_secret().secret_id(NAME).send().await.expect("restored");
    assert_eq!(back.name(), Some(NAME));
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let secrets = Client::new(&desk.config);
    let create = |value: &str| secrets.create_secret().name(NAME).secret_string(value).send();
    create("hunter2").await.expect("a secret");
    let error = refused!(create("hunter3"), CreateSecretError::ResourceExistsException);
    assert!(error.message().is_some_and(|text| text.contains(NAME)), "{error}");
    let unknown = secrets.describe_secret().secret_id("none").send();
    refused!(unknown, DescribeSecretError::ResourceNotFoundException);
    refused!(secrets.put_secret_value().secret_id(NAME).send(), PutSecretValueError::InvalidParameterException);
    refused!(secrets.list_secrets().next_token("junk").send(), ListSecretsError::InvalidNextTokenException);
    let kms = aws_sdk_kms::Client::new(&desk.config);
    let key = kms.create_key().send().await.expect("a key").key_metadata().expect("metadata").key_id().to_owned();
    kms.disable_key().key_id(&key).send().await.expect("disabled");
    let locked = secrets.update_secret().secret_id(NAME).kms_key_id(key).send();
    refused!(locked, UpdateSecretError::EncryptionFailure);
    secrets.delete_secret().secret_id(NAME).send().await.expect("deleted");
    let gone = secrets.get_secret_value().secret_id(NAME).send();
    refused!(gone, GetSecretValueError::InvalidRequestException);
}
