//! STS: who one is, and who one may become.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_sts::Client;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use jenkinsstack_cloud::world::HOME_ACCOUNT;

/// `{"iss":"https://id.example.com","aud":"sts.amazonaws.com","sub":"operator","exp":…}`, unsigned: expiring in 2100,
/// in 2001, and of another issuer.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwiYXVkIjoic3RzLmFtYXpvbmF3cy5jb20iLCJzdWIiOiJvcGVyYXRvciIsImV4cCI6NDEwMjQ0NDgwMH0.c2ln";
const OLD: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwiYXVkIjoic3RzLmFtYXpvbmF3cy5jb20iLCJzdWIiOiJvcGVyYXRvciIsImV4cCI6MTAwMDAwMDAwMH0.c2ln";
const FOREIGN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUuY29tIiwiYXVkIjoic3RzLmFtYXpvbmF3cy5jb20iLCJzdWIiOiJvcGVyYXRvciIsImV4cCI6NDEwMjQ0NDgwMH0.c2ln";

/// A role that anyone in the account and the token's subject may assume; its ARN.
async fn role(desk: &Desk) -> String {
    let iam = aws_sdk_iam::Client::new(&desk.config);
    let provider = iam.create_open_id_connect_provider().url("https://id.example.com");
    let provider = provider.client_id_list("sts.amazonaws.com").send().await.expect("a provider");
    let trust = format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Principal": {{"AWS": "{HOME_ACCOUNT}"}}, "Action": "sts:AssumeRole"}},
            {{"Effect": "Allow", "Principal": {{"Federated": "{}"}}, "Action": "sts:AssumeRoleWithWebIdentity",
              "Condition": {{"StringEquals": {{"id.example.com:sub": "operator"}}}}}}]}}"#,
        provider.open_id_connect_provider_arn().expect("an ARN")
    );
    let made = iam.create_role().role_name("build").assume_role_policy_document(trust).send().await.expect("a role");
    desk.wait(30).await;
    made.role().expect("a role").arn().to_owned()
}

pub(crate) async fn good_cases(desk: &Desk) {
    let arn = role(desk).await;
    let sts = Client::new(&desk.config);
    let me = sts.get_caller_identity().send().await.expect("a caller");
    assert_eq!((me.account(), me.arn()), (Some(HOME_ACCOUNT), Some("arn:aws:iam::111122223333:root")));

    let session = sts.assume_role().role_arn(&arn).role_session_name("ci").send().await.expect("a session");
    let credentials = session.credentials().expect("credentials");
    assert!(credentials.access_key_id().starts_with("ASIA") && !credentials.session_token().is_empty());
    let life = credentials.expiration().secs() - (desk.cloud.clock().now().0 / 1000) as i64;
    assert_eq!(life, 3600);
    let user = session.assumed_role_user().expect("a user");
    assert_eq!(user.arn(), "arn:aws:sts::111122223333:assumed-role/build/ci");

    let web = sts.assume_role_with_web_identity().role_arn(&arn).role_session_name("pod").web_identity_token(TOKEN);
    let web = web.send().await.expect("a session");
    assert_eq!((web.subject_from_web_identity_token(), web.audience()), (Some("operator"), Some("sts.amazonaws.com")));
    assert_eq!(web.provider(), Some("arn:aws:iam::111122223333:oidc-provider/id.example.com"));
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let arn = role(&desk).await;
    let sts = Client::new(&desk.config);
    let web = |token: &str| {
        sts.assume_role_with_web_identity().role_arn(&arn).role_session_name("pod").web_identity_token(token).send()
    };
    let error = refused!(web(OLD), AssumeRoleWithWebIdentityError::ExpiredTokenException);
    assert!(error.message().is_some_and(|text| text.to_lowercase().contains("expired")), "{error}");
    refused!(web(FOREIGN), AssumeRoleWithWebIdentityError::InvalidIdentityTokenException);
    refused!(web("not-a-token-at-all"), AssumeRoleWithWebIdentityError::InvalidIdentityTokenException);
    let nowhere = sts.assume_role().role_arn("arn:aws:iam::111122223333:role/nowhere").role_session_name("ci").send();
    assert_eq!(crate::desk::code(nowhere.await), "AccessDenied");
}
