//! CloudWatch Logs: groups, streams and lines.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::create_log_group::CreateLogGroupError;
use aws_sdk_cloudwatchlogs::operation::delete_log_group::DeleteLogGroupError;
use aws_sdk_cloudwatchlogs::operation::put_retention_policy::PutRetentionPolicyError;
use aws_sdk_cloudwatchlogs::operation::tag_resource::TagResourceError;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, LogGroup, LogGroupClass};
use std::collections::HashMap;

const NAME: &str = "/jenkins/team-a";
const ARN: &str = "arn:aws:logs:eu-central-1:111122223333:log-group:/jenkins/team-a";

async fn described(logs: &Client) -> LogGroup {
    let found = logs.describe_log_groups().log_group_name_prefix(NAME).send().await.expect("groups");
    found.log_groups()[0].clone()
}

async fn group(logs: &Client) {
    logs.create_log_group().log_group_name(NAME).tags("team", "ci").send().await.expect("a group");
    let made = described(logs).await;
    assert_eq!((made.arn(), made.log_group_arn()), (Some(format!("{ARN}:*").as_str()), Some(ARN)));
    assert_eq!((made.log_group_class(), made.retention_in_days()), (Some(&LogGroupClass::Standard), None));
    logs.put_retention_policy().log_group_name(NAME).retention_in_days(30).send().await.expect("set");
    assert_eq!(described(logs).await.retention_in_days(), Some(30));
    logs.delete_retention_policy().log_group_name(NAME).send().await.expect("unset");
    assert_eq!(described(logs).await.retention_in_days(), None);
    logs.tag_resource().resource_arn(ARN).tags("stack", "one").send().await.expect("tagged");
    logs.untag_resource().resource_arn(ARN).tag_keys("team").send().await.expect("untagged");
    let tags = logs.list_tags_for_resource().resource_arn(ARN).send().await.expect("tags");
    assert_eq!(tags.tags(), Some(&HashMap::from([("stack".to_owned(), "one".to_owned())])));
}

async fn key(desk: &Desk, logs: &Client) {
    let made = aws_sdk_kms::Client::new(&desk.config).create_key().send().await.expect("a key");
    let key = made.key_metadata().and_then(|key| key.arn()).expect("an ARN");
    logs.associate_kms_key().log_group_name(NAME).kms_key_id(key).send().await.expect("associated");
    assert_eq!(described(logs).await.kms_key_id(), Some(key));
    logs.disassociate_kms_key().log_group_name(NAME).send().await.expect("disassociated");
    assert_eq!(described(logs).await.kms_key_id(), None);
}

async fn lines(desk: &Desk, logs: &Client) {
    let now = desk.cloud.clock().now().0 as i64;
    logs.create_log_stream().log_group_name(NAME).log_stream_name("main").send().await.expect("a stream");
    let event = |text: &str| InputLogEvent::builder().timestamp(now).message(text).build().expect("an event");
    let put = logs.put_log_events().log_group_name(NAME).log_stream_name("main").log_events(event("one"));
    let put = put.log_events(event("two ü")).send().await.expect("put");
    assert!(put.rejected_log_events_info().is_none());
    let streams = logs.describe_log_streams().log_group_name(NAME).send().await.expect("streams");
    assert_eq!(streams.log_streams()[0].log_stream_name(), Some("main"));
    let read = logs.get_log_events().log_group_name(NAME).log_stream_name("main").start_from_head(true).send();
    let read = read.await.expect("lines");
    let texts: Vec<_> = read.events().iter().filter_map(|event| event.message()).collect();
    assert_eq!(texts, ["one", "two ü"]);
    assert!(read.next_forward_token().is_some_and(|token| token.starts_with("f/")), "{read:?}");
    let found = logs.filter_log_events().log_group_name(NAME).filter_pattern("two").send().await.expect("lines");
    let [event] = found.events() else { panic!("{found:?}") };
    assert_eq!((event.log_stream_name(), event.timestamp()), (Some("main"), Some(now)));
}

pub(crate) async fn good_cases(desk: &Desk) {
    let logs = Client::new(&desk.config);
    group(&logs).await;
    key(desk, &logs).await;
    lines(desk, &logs).await;
    let protect = logs.put_log_group_deletion_protection().log_group_identifier(NAME);
    protect.clone().deletion_protection_enabled(true).send().await.expect("protected");
    assert_eq!(described(&logs).await.deletion_protection_enabled(), Some(true));
    protect.deletion_protection_enabled(false).send().await.expect("not protected");
    logs.delete_log_group().log_group_name(NAME).send().await.expect("deleted");
    desk.wait(30).await;
    assert!(logs.describe_log_groups().send().await.expect("groups").log_groups().is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let logs = Client::new(&desk.config);
    let create = |name: &str| logs.create_log_group().log_group_name(name).send();
    create(NAME).await.expect("a group");
    let error = refused!(create(NAME), CreateLogGroupError::ResourceAlreadyExistsException);
    assert_eq!(error.message(), Some("The specified log group already exists"));
    refused!(create("a b"), CreateLogGroupError::InvalidParameterException);
    let odd = logs.put_retention_policy().log_group_name(NAME).retention_in_days(31).send();
    refused!(odd, PutRetentionPolicyError::InvalidParameterException);
    let tags = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
    let many = logs.tag_resource().resource_arn(ARN).set_tags(Some(tags)).send();
    let tag_error = many.await.expect_err("a refusal").into_service_error();
    assert!(matches!(
        tag_error,
        TagResourceError::TooManyTagsException(_) | TagResourceError::InvalidParameterException(_)
    ));
    let delete = || logs.delete_log_group().log_group_name(NAME).send();
    delete().await.expect("deleted");
    refused!(create(NAME), CreateLogGroupError::OperationAbortedException);
    refused!(delete(), DeleteLogGroupError::ResourceNotFoundException);
}
