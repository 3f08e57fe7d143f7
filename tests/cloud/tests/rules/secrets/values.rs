//! Secrets, versions and values.

use super::{described, secret, token, value};
use crate::efs::common::call_with;
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::secrets;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn an_arn_ends_in_six_random_characters() {
    rule!(
        "Secrets Manager",
        "A secret's ARN is its name, a hyphen and six random characters, and the ARN without them finds it too",
        "AWS Secrets Manager User Guide, What's in a Secrets Manager secret?; Finding a secret from a partial ARN"
    );
    let lab = Lab::new();
    let arn = secret(&lab)["ARN"].as_str().expect("an ARN").to_owned();
    let (partial, suffix) = arn.rsplit_once('-').expect("a suffix");
    assert_eq!(partial, "arn:aws:secretsmanager:eu-central-1:111122223333:secret:jenkins/admin");
    assert_eq!(suffix.len(), 6);
    for id in [partial, &arn, "jenkins/admin"] {
        assert_eq!(lab.ok("secretsmanager", "DescribeSecret", json!({"SecretId": id}))["ARN"], arn);
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_checked() {
    rule!(
        "Secrets Manager",
        "A name has letters, digits and /_+=.@!- only",
        "AWS Secrets Manager API Reference, CreateSecret, Name"
    );
    let lab = Lab::new();
    for name in ["jenkins admin", "jenkins:admin", "jenkins*"] {
        lab.refused("secretsmanager", "CreateSecret", json!({"Name": name}), "ValidationException");
    }
    lab.ok("secretsmanager", "CreateSecret", json!({"Name": "a/b_c+d=e.f@g-h"}));
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_made_once() {
    rule!(
        "Secrets Manager",
        "A secret that exists is refused, unless token and value are those of the first request",
        "AWS Secrets Manager API Reference, CreateSecret, ClientRequestToken, ResourceExistsException"
    );
    let lab = Lab::new();
    let first = secret(&lab);
    assert_eq!(secret(&lab), first);
    for (value, number) in [("hunter2", 2), ("hunter3", 1)] {
        let input = json!({"Name": "jenkins/admin", "SecretString": value, "ClientRequestToken": token(number)});
        let refusal = lab.refused("secretsmanager", "CreateSecret", input, "ResourceExistsException");
        assert_eq!(refusal.message, "The operation failed because the secret jenkins/admin already exists.");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_may_have_no_value() {
    rule!(
        "Secrets Manager",
        "The value of a secret without one is not found",
        "AWS Secrets Manager API Reference, GetSecretValue, ResourceNotFoundException"
    );
    let lab = Lab::new();
    let made = lab.ok("secretsmanager", "CreateSecret", json!({"Name": "jenkins/admin"}));
    assert!(made["VersionId"].is_null());
    let input = json!({"SecretId": "jenkins/admin"});
    let refusal = lab.refused("secretsmanager", "GetSecretValue", input, "ResourceNotFoundException");
    assert!(refusal.message.ends_with("staging label: AWSCURRENT"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_value_is_text_or_binary() {
    rule!(
        "Secrets Manager",
        "A value is a string or binary: both in one request are refused, and PutSecretValue needs one",
        "AWS Secrets Manager API Reference, PutSecretValue"
    );
    let lab = Lab::new();
    secret(&lab);
    let both = json!({"SecretId": "jenkins/admin", "SecretString": "a", "SecretBinary": "YQ=="});
    lab.refused("secretsmanager", "PutSecretValue", both, "InvalidParameterException");
    let none = json!({"SecretId": "jenkins/admin"});
    lab.refused("secretsmanager", "PutSecretValue", none, "InvalidParameterException");
    lab.ok("secretsmanager", "PutSecretValue", json!({"SecretId": "jenkins/admin", "SecretBinary": "YQ=="}));
    let read = lab.ok("secretsmanager", "GetSecretValue", json!({"SecretId": "jenkins/admin"}));
    assert_eq!((&read["SecretBinary"], &read["SecretString"]), (&json!("YQ=="), &json!(null)));
}

#[tokio::test(start_paused = true)]
async fn a_new_value_moves_the_labels() {
    rule!(
        "Secrets Manager",
        "A new value is AWSCURRENT, the one before it AWSPREVIOUS, and older ones have no label",
        "AWS Secrets Manager API Reference, PutSecretValue"
    );
    let lab = Lab::new();
    secret(&lab);
    for number in [2, 3] {
        let input = json!({"SecretId": "jenkins/admin", "SecretString": format!("value-{number}"),
            "ClientRequestToken": token(number)});
        assert_eq!(lab.ok("secretsmanager", "PutSecretValue", input)["VersionStages"], json!(["AWSCURRENT"]));
    }
    let stages = json!({token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"]});
    assert_eq!(described(&lab)["VersionIdsToStages"], stages);
    assert_eq!(value(&lab), "value-3");
    let previous = json!({"SecretId": "jenkins/admin", "VersionStage": "AWSPREVIOUS"});
    assert_eq!(lab.ok("secretsmanager", "GetSecretValue", previous)["SecretString"], "value-2");
    let first = json!({"SecretId": "jenkins/admin", "VersionId": token(1)});
    assert_eq!(lab.ok("secretsmanager", "GetSecretValue", first)["SecretString"], "hunter2");
}

#[tokio::test(start_paused = true)]
async fn a_token_names_one_value() {
    rule!(
        "Secrets Manager",
        "A request token with the same value again changes nothing, with another value it is refused",
        "AWS Secrets Manager API Reference, PutSecretValue, ClientRequestToken"
    );
    let lab = Lab::new();
    secret(&lab);
    let put = |value: &str| json!({"SecretId": "jenkins/admin", "SecretString": value, "ClientRequestToken": token(2)});
    lab.ok("secretsmanager", "PutSecretValue", put("new"));
    let before = described(&lab);
    lab.ok("secretsmanager", "PutSecretValue", put("new"));
    assert_eq!(described(&lab), before);
    for operation in ["PutSecretValue", "UpdateSecret"] {
        let refusal = lab.refused("secretsmanager", operation, put("other"), "ResourceExistsException");
        assert!(!refusal.message.contains("other"), "{}", refusal.message);
    }
}

#[tokio::test(start_paused = true)]
async fn own_labels_move() {
    rule!(
        "Secrets Manager",
        "A staging label of one's own moves to the version that a request gives it to, and AWSCURRENT stays",
        "AWS Secrets Manager API Reference, PutSecretValue, VersionStages"
    );
    let lab = Lab::new();
    secret(&lab);
    for number in [2, 3] {
        let input = json!({"SecretId": "jenkins/admin", "SecretString": format!("value-{number}"),
            "ClientRequestToken": token(number), "VersionStages": ["BLUE"]});
        lab.ok("secretsmanager", "PutSecretValue", input);
    }
    assert_eq!(value(&lab), "hunter2");
    let stages = json!({token(1): ["AWSCURRENT"], token(3): ["BLUE"]});
    assert_eq!(described(&lab)["VersionIdsToStages"], stages);
}

#[tokio::test(start_paused = true)]
async fn versions_without_a_label_are_listed_on_request() {
    rule!(
        "Secrets Manager",
        "Versions without a staging label are listed only with IncludeDeprecated",
        "AWS Secrets Manager API Reference, ListSecretVersionIds, IncludeDeprecated"
    );
    let lab = Lab::new();
    secret(&lab);
    for number in [2, 3] {
        let input = json!({"SecretId": "jenkins/admin", "SecretString": "x", "ClientRequestToken": token(number)});
        lab.ok("secretsmanager", "PutSecretValue", input);
    }
    for (deprecated, count) in [(false, 2), (true, 3)] {
        let input = json!({"SecretId": "jenkins/admin", "IncludeDeprecated": deprecated});
        let versions = lab.ok("secretsmanager", "ListSecretVersionIds", input);
        assert_eq!(versions["Versions"].as_array().map(Vec::len), Some(count));
    }
}

#[tokio::test(start_paused = true)]
async fn versions_of_a_day_pile_up_to_the_quota() {
    rule!(
        "Secrets Manager",
        "Versions of the last 24 hours are kept, so that values written too often run into the quota of about 100",
        "AWS Secrets Manager API Reference, PutSecretValue"
    );
    let lab = Lab::new();
    secret(&lab);
    let put =
        |number: u32| json!({"SecretId": "jenkins/admin", "SecretString": "x", "ClientRequestToken": token(number)});
    for number in 2..=100 {
        lab.ok("secretsmanager", "PutSecretValue", put(number));
    }
    lab.refused("secretsmanager", "PutSecretValue", put(101), "LimitExceededException");
    lab.wait(25 * 3600).await;
    lab.ok("secretsmanager", "PutSecretValue", put(101));
}

#[tokio::test(start_paused = true)]
async fn an_update_changes_the_description_without_a_version() {
    rule!(
        "Secrets Manager",
        "UpdateSecret makes a version only where there is a value in the request",
        "AWS Secrets Manager API Reference, UpdateSecret"
    );
    let lab = Lab::new();
    secret(&lab);
    let described_only = json!({"SecretId": "jenkins/admin", "Description": "break glass"});
    assert!(lab.ok("secretsmanager", "UpdateSecret", described_only)["VersionId"].is_null());
    assert_eq!(described(&lab)["Description"], "break glass");
    let with_value = json!({"SecretId": "jenkins/admin", "SecretString": "new", "ClientRequestToken": token(2)});
    assert_eq!(lab.ok("secretsmanager", "UpdateSecret", with_value)["VersionId"], token(2));
    assert_eq!(value(&lab), "new");
}

#[tokio::test(start_paused = true)]
async fn a_key_must_exist() {
    rule!(
        "Secrets Manager",
        "A KMS key that does not exist is not found, and the key that AWS manages is not shown",
        "AWS Secrets Manager API Reference, SecretListEntry, KmsKeyId"
    );
    let lab = Lab::new();
    let input = json!({"Name": "jenkins/admin", "KmsKeyId": "alias/nobody"});
    lab.refused("secretsmanager", "CreateSecret", input, "ResourceNotFoundException");
    secret(&lab);
    assert!(described(&lab)["KmsKeyId"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_as_it_was_named() {
    rule!(
        "Secrets Manager",
        "A customer's KMS key is shown by its id or the ARN of its alias, until the key that AWS manages takes its place",
        "AWS Secrets Manager API Reference, DescribeSecret, KmsKeyId; UpdateSecret, KmsKeyId"
    );
    let lab = Lab::new();
    let key = lab.ok("kms", "CreateKey", json!({}))["KeyMetadata"]["KeyId"].clone();
    lab.ok("kms", "CreateAlias", json!({"AliasName": "alias/jenkins", "TargetKeyId": key}));
    lab.ok("secretsmanager", "CreateSecret", json!({"Name": "jenkins/admin", "KmsKeyId": key}));
    assert_eq!(described(&lab)["KmsKeyId"], key);
    let alias = "arn:aws:kms:eu-central-1:111122223333:alias/jenkins";
    for (named, shown) in [("alias/jenkins", json!(alias)), ("", json!(null))] {
        lab.ok("secretsmanager", "UpdateSecret", json!({"SecretId": "jenkins/admin", "KmsKeyId": named}));
        assert_eq!(described(&lab)["KmsKeyId"], shown);
    }
    lab.ok("kms", "DisableKey", json!({"KeyId": key}));
    let disabled = json!({"SecretId": "jenkins/admin", "KmsKeyId": key});
    lab.refused("secretsmanager", "UpdateSecret", disabled, "EncryptionFailure");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_secret_is_not_found() {
    rule!(
        "Secrets Manager",
        "An unknown secret is not found",
        "AWS Secrets Manager API Reference, ResourceNotFoundException"
    );
    let lab = Lab::new();
    for operation in ["DescribeSecret", "GetSecretValue", "UpdateSecret", "DeleteSecret", "RestoreSecret"] {
        let input = json!({"SecretId": "jenkins/admin"});
        let refusal = lab.refused("secretsmanager", operation, input, "ResourceNotFoundException");
        assert_eq!(refusal.message, "Secrets Manager can't find the specified secret.");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_nowhere_but_in_the_answer_to_get() {
    rule!(
        "Secrets Manager",
        "Descriptions, listings and what else exists of a secret never have its value",
        "AWS Secrets Manager API Reference, DescribeSecret"
    );
    let lab = Lab::new();
    secret(&lab);
    lab.wait(300).await;
    let listed = lab.ok("secretsmanager", "ListSecrets", json!({}));
    let versions = lab.ok("secretsmanager", "ListSecretVersionIds", json!({"SecretId": "jenkins/admin"}));
    let place = Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() };
    let (items, held) = lab.cloud.with(|world| {
        let region = world.at(&place);
        (secrets::items(region), format!("{:?}", region.secrets))
    });
    for text in [described(&lab).to_string(), listed.to_string(), versions.to_string(), format!("{items:?}"), held] {
        assert!(text.contains("jenkins/admin") && !text.contains("hunter2"), "{text}");
    }
    let sha256 = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
    assert_eq!(items[0].state["ValueSha256"], sha256);
}

#[tokio::test(start_paused = true)]
async fn access_is_known_to_the_day() {
    rule!(
        "Secrets Manager",
        "The last access is shown as a day, and not at all before the first",
        "AWS Secrets Manager API Reference, SecretListEntry, LastAccessedDate"
    );
    let lab = Lab::new();
    secret(&lab);
    assert!(described(&lab)["LastAccessedDate"].is_null());
    lab.wait(30 * 3600).await;
    value(&lab);
    assert_eq!(described(&lab)["LastAccessedDate"], 1_767_312_000.0);
}

#[tokio::test(start_paused = true)]
async fn tags_and_keys_need_their_own_permissions() {
    rule!(
        "Secrets Manager",
        "A create call with tags also needs the permission to tag, and with a customer's key those to use it",
        "AWS Secrets Manager API Reference, CreateSecret; Service Authorization Reference"
    );
    let lab = Lab::new();
    let key = lab.ok("kms", "CreateKey", json!({}))["KeyMetadata"]["Arn"].clone();
    let input = json!({"Name": "jenkins/admin", "SecretString": "hunter2", "KmsKeyId": key,
        "Tags": [{"Key": "team", "Value": "ci"}]});
    let mut actions = vec!["secretsmanager:CreateSecret"];
    for missing in ["secretsmanager:TagResource", "kms:GenerateDataKey", "kms:Decrypt"] {
        let may = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
        let answer = call_with(&lab, may, "secretsmanager", "CreateSecret", input.clone()).await;
        let refusal = answer.expect_err("no permission");
        assert!(refusal.message.contains(missing), "{}", refusal.message);
        actions.push(missing);
    }
    let may = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    call_with(&lab, may, "secretsmanager", "CreateSecret", input).await.expect("permission");
}

#[tokio::test(start_paused = true)]
async fn a_label_moves_back_only_by_name() {
    rule!(
        "Secrets Manager",
        "A version that exists keeps its labels when its value is put again; AWSCURRENT moves to it by UpdateSecretVersionStage, which names where it moves from",
        "AWS Secrets Manager API Reference, PutSecretValue, ClientRequestToken; UpdateSecretVersionStage"
    );
    let lab = Lab::new();
    secret(&lab);
    let put = |value: &str, number| json!({"SecretId": "jenkins/admin", "SecretString": value, "ClientRequestToken": token(number)});
    let second = lab.ok("secretsmanager", "PutSecretValue", put("hunter3", 2));
    assert_eq!(second["VersionStages"], json!(["AWSCURRENT"]));
    let again = lab.ok("secretsmanager", "PutSecretValue", put("hunter2", 1));
    assert_eq!(again["VersionStages"], json!(["AWSPREVIOUS"]));
    let mut input = json!({"SecretId": "jenkins/admin", "VersionStage": "AWSCURRENT", "MoveToVersionId": token(1)});
    lab.refused("secretsmanager", "UpdateSecretVersionStage", input.clone(), "InvalidParameterException");
    input["RemoveFromVersionId"] = json!(token(2));
    lab.ok("secretsmanager", "UpdateSecretVersionStage", input);
    let stages =
        &lab.ok("secretsmanager", "DescribeSecret", json!({"SecretId": "jenkins/admin"}))["VersionIdsToStages"];
    assert_eq!(*stages, json!({token(1): ["AWSCURRENT"], token(2): ["AWSPREVIOUS"]}));
}
