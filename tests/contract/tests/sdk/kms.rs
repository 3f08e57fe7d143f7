//! KMS: keys and their names.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_kms::Client;
use aws_sdk_kms::operation::create_alias::CreateAliasError;
use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_kms::operation::disable_key::DisableKeyError;
use aws_sdk_kms::operation::list_aliases::ListAliasesError;
use aws_sdk_kms::types::{KeyManagerType, KeyState};

pub(crate) async fn good_cases(desk: &Desk) {
    let kms = Client::new(&desk.config);
    let made = kms.create_key().description("jenkins").send().await.expect("a key");
    let key = made.key_metadata().expect("metadata");
    assert_eq!((key.key_state(), key.key_manager()), (Some(&KeyState::Enabled), Some(&KeyManagerType::Customer)));
    kms.create_alias().alias_name("alias/ci").target_key_id(key.key_id()).send().await.expect("an alias");
    let aliases = kms.list_aliases().key_id(key.key_id()).send().await.expect("aliases");
    let alias = &aliases.aliases()[0];
    assert_eq!((alias.alias_name(), alias.target_key_id()), (Some("alias/ci"), Some(key.key_id())));
    let shown = kms.describe_key().key_id("alias/ci").send().await.expect("the key");
    let shown = shown.key_metadata().expect("metadata");
    assert_eq!((shown.arn(), shown.creation_date(), shown.enabled()), (key.arn(), key.creation_date(), true));
    kms.disable_key().key_id(key.key_id()).send().await.expect("disabled");
    let end = kms.schedule_key_deletion().key_id(key.key_id()).pending_window_in_days(7).send().await.expect("an end");
    let date = key.creation_date().expect("a date").secs() + 7 * 24 * 3600;
    assert_eq!(
        (end.key_state(), end.deletion_date().map(|end| end.secs())),
        (Some(&KeyState::PendingDeletion), Some(date))
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let kms = Client::new(&desk.config);
    let unknown = refused!(kms.describe_key().key_id("alias/none").send(), DescribeKeyError::NotFoundException);
    assert!(unknown.message().is_some_and(|text| text.contains("alias/none")), "{unknown}");
    let key = kms.create_key().send().await.expect("a key").key_metadata().expect("metadata").key_id().to_owned();
    let alias = |name: &str| kms.create_alias().alias_name(name).target_key_id(&key).send();
    alias("alias/ci").await.expect("an alias");
    refused!(alias("alias/ci"), CreateAliasError::AlreadyExistsException);
    refused!(alias("alias/aws/ci"), CreateAliasError::InvalidAliasNameException);
    refused!(kms.list_aliases().marker("junk").send(), ListAliasesError::InvalidMarkerException);
    kms.schedule_key_deletion().key_id(&key).send().await.expect("an end");
    refused!(kms.disable_key().key_id(&key).send(), DisableKeyError::KmsInvalidStateException);
}
