//! Requests that don't fit their model or their signature, and the words in which each family of services says so.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test's helpers may fail it")]

use crate::rule;
use http::HeaderMap;
use jenkinsstack_cloud::Refusal;
use jenkinsstack_cloud::clock::SEEDED_EPOCH;
use jenkinsstack_cloud::models::Models;
use jenkinsstack_cloud::models::shape::{Kind, Protocol};
use jenkinsstack_cloud::service::{SERVICES, by_model};
use jenkinsstack_cloud::sigv4::{Fault, Signature};
use serde_json::{Value, json};
use std::time::Duration;

fn models() -> &'static Models {
    Models::shared().expect("the API models are at hand")
}

fn fits(service: &str, operation: &str, input: Value) {
    let service = by_model(service).expect("the service is known");
    assert_eq!(models().check(service, operation, &input), Ok(()));
}

#[track_caller]
fn refused(service: &str, operation: &str, input: Value, code: &str, message: &str) {
    let service = by_model(service).expect("the service is known");
    assert_eq!(models().check(service, operation, &input), Err(Refusal::new(code.to_owned(), message)));
}

#[test]
fn every_entry_of_every_model_can_be_read() {
    for service in SERVICES {
        models().api(service).expect("there is a model").read_all().expect(service.model);
    }
}

#[test]
fn every_operation_of_this_cloud_is_in_its_model() {
    for service in SERVICES {
        let api = models().api(service).expect("there is a model");
        for operation in service.operations.iter().flat_map(|table| table.iter()) {
            assert!(api.operation(operation.name).is_some(), "{} {}", service.model, operation.name);
        }
    }
}

#[test]
fn every_pattern_of_every_model_can_be_checked() {
    let mut unusable = Vec::new();
    for service in SERVICES {
        for shape in models().api(service).expect("there is a model").shapes() {
            if let Kind::Text(_, Some(pattern)) = &shape.kind
                && !pattern.usable()
            {
                unusable.push((service.model, shape.name, pattern.source.clone()));
            }
        }
    }
    assert!(unusable.is_empty(), "{unusable:#?}");
}

#[test]
fn patterns_that_are_put_differently_mean_the_same() {
    let matches = |service: &str, shape: &str, text: &str| {
        let api = models().api(by_model(service).unwrap()).unwrap();
        match &api.shape_named(shape).unwrap().kind {
            Kind::Text(_, Some(pattern)) => pattern.matches(text),
            other => panic!("{other:?}"),
        }
    };
    for good in ["a.example.com", "*.example.com", "x-1.example.org"] {
        assert!(matches("acm", "DomainNameString", good), "{good}");
    }
    for bad in ["-a.example.com", "a-.example.com", "example", "a.*.com", "a.example.com-"] {
        assert!(!matches("acm", "DomainNameString", bad), "{bad}");
    }
    for (path, good) in [("/", true), ("/a/b", true), ("/.a", false), ("/a/b/c/d/e", false), ("a", false)] {
        assert_eq!(matches("efs", "Path", path), good, "{path}");
    }
    for (key, good) in
        [("team", true), ("größe 1", true), ("aws:x", false), ("AwS:x", false), ("awsx", true), ("a#", false)]
    {
        assert_eq!(matches("efs", "TagKey", key), good, "{key}");
    }
    for (path, good) in [("/", true), ("/a/", true), ("/a", false), ("/ü/", false)] {
        assert_eq!(matches("iam", "pathType", path), good, "{path}");
    }
    let arn = "arn:aws:secretsmanager:eu-central-1:1:secret:x";
    assert!(!matches("ec2", "SecretArn", arn) && matches("ec2", "SecretArn", &arn.replace(":1:", ":111122223333:")));
}

#[test]
fn json_services_name_what_is_missing() {
    rule!("Wire", "A required member that is absent is refused by name", "AWS KMS API Reference, DescribeKey, KeyId");
    let text =
        "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null";
    refused("kms", "DescribeKey", json!({}), "ValidationException", text);
    refused("kms", "DescribeKey", json!({"KeyId": null}), "ValidationException", text);
}

#[test]
fn json_services_count_all_violations() {
    rule!(
        "Wire",
        "Length, pattern and set of values are checked together",
        "CloudWatch Logs API Reference, CreateLogGroup"
    );
    let input = json!({"logGroupName": "", "logGroupClass": "CHEAP"});
    refused(
        "logs",
        "CreateLogGroup",
        input,
        "InvalidParameterException",
        "3 validation errors detected: \
         Value 'CHEAP' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: \
         [STANDARD, INFREQUENT_ACCESS, DELIVERY, ESSENTIALS]; \
         Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1; \
         Value '' at 'logGroupName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
    );
}

#[test]
fn json_services_check_ranges() {
    rule!(
        "Wire",
        "A page size outside its range is refused",
        "CloudWatch Logs API Reference, DescribeLogGroups, limit"
    );
    let text = "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: \
                Member must have value less than or equal to 50";
    refused("logs", "DescribeLogGroups", json!({"limit": 51}), "InvalidParameterException", text);
    fits("logs", "DescribeLogGroups", json!({"limit": 50}));
}

#[test]
fn json_services_check_keys_of_maps_and_elements_of_lists() {
    rule!(
        "Wire",
        "Keys of a map and elements of a list are checked",
        "API models: CloudWatch Logs Tags, tagging TagKeyListForUntag"
    );
    let keys = "1 validation error detected: Value '{a#=x}' at 'tags' failed to satisfy constraint: \
                Map keys must satisfy constraint: [Member must have length less than or equal to 128, \
                Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)$]";
    let input = json!({"logGroupName": "x", "tags": {"a#": "x"}});
    refused("logs", "CreateLogGroup", input, "InvalidParameterException", keys);
    let elements = "1 validation error detected: Value '[, b]' at 'tagKeys' failed to satisfy constraint: \
                    Member must satisfy constraint: [Member must have length less than or equal to 128, \
                    Member must have length greater than or equal to 1, \
                    Member must satisfy regular expression pattern: [\\s\\S]*]";
    let input = json!({"ResourceARNList": ["arn:aws:x"], "TagKeys": ["", "b"]});
    refused("resourcegroupstaggingapi", "UntagResources", input, "InvalidParameterException", elements);
}

#[test]
fn json_services_refuse_other_types_before_they_validate() {
    rule!("Wire", "A value of another type is a SerializationException", "observed behaviour (not documented)");
    let text = "NUMBER_VALUE can not be converted to a String (at 'keyId')";
    refused("kms", "DescribeKey", json!({"KeyId": 5}), "SerializationException", text);
    let text = "DECIMAL_VALUE can not be converted to an Integer (at 'limit')";
    refused("kms", "ListKeys", json!({"Limit": 1.5}), "SerializationException", text);
    let text = "STRING_VALUE can not be converted to a list (at 'grantTokens')";
    refused("kms", "DescribeKey", json!({"KeyId": "x", "GrantTokens": "y"}), "SerializationException", text);
}

#[test]
fn unknown_members_are_refused() {
    rule!(
        "Wire",
        "A member that the model does not have is refused",
        "stricter than AWS, where many services ignore it"
    );
    let text = "Unrecognized member 'keyid'";
    refused("kms", "DescribeKey", json!({"KeyId": "x", "keyid": "x"}), "SerializationException", text);
    let input = json!({"RoleName": "x", "Role": "y"});
    refused("iam", "GetRole", input, "ValidationError", "Unrecognized member 'role'");
    let input = json!({"CreationToken": "x", "Tags": [{"Name": "y"}]});
    refused("efs", "CreateFileSystem", input, "BadRequest", "Unrecognized member 'tags.1.member.name'");
    let input = json!({"HostedZone": "x"});
    refused("route53", "ListHostedZones", input, "InvalidInput", "Unrecognized member 'hostedZone'");
}

#[test]
fn query_services_validate_in_the_same_words() {
    rule!("Wire", "A role name of 65 characters is refused", "IAM API Reference, CreateRole, RoleName");
    let name = "x".repeat(65);
    let text = format!(
        "1 validation error detected: Value '{name}' at 'roleName' failed to satisfy constraint: \
         Member must have length less than or equal to 64"
    );
    let mut input = json!({"RoleName": name, "AssumeRolePolicyDocument": "{}"});
    refused("iam", "CreateRole", input.clone(), "ValidationError", &text);
    input["RoleName"] = json!("ok");
    fits("iam", "CreateRole", input.clone());
    input["MaxSessionDuration"] = json!(60);
    let text = "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: \
                Member must have value greater than or equal to 3600";
    refused("iam", "CreateRole", input.clone(), "ValidationError", text);
    input["MaxSessionDuration"] = json!("soon");
    let text = "STRING_VALUE can not be converted to an Integer (at 'maxSessionDuration')";
    refused("iam", "CreateRole", input, "MalformedInput", text);
}

#[test]
fn rest_services_validate_in_the_same_words() {
    rule!(
        "Wire",
        "An unknown performance mode is refused",
        "Amazon EFS API Reference, CreateFileSystem, PerformanceMode"
    );
    let text = "1 validation error detected: Value 'fast' at 'performanceMode' failed to satisfy constraint: \
                Member must satisfy enum value set: [generalPurpose, maxIO]";
    let input = json!({"CreationToken": "x", "PerformanceMode": "fast"});
    refused("efs", "CreateFileSystem", input, "BadRequest", text);
    let text = "1 validation error detected: Value '[]' at 'removeTagKeys' failed to satisfy constraint: \
                Member must have length greater than or equal to 1";
    let input = json!({"ResourceType": "hostedzone", "ResourceId": "Z1", "RemoveTagKeys": []});
    refused("route53", "ChangeTagsForResource", input, "InvalidInput", text);
}

#[test]
fn ec2_has_words_of_its_own() {
    rule!(
        "EC2",
        "Missing, unknown and invalid parameters have codes of their own",
        "Amazon EC2 API Reference, Error codes"
    );
    let text = "The request must contain the parameter GroupName";
    refused("ec2", "CreateSecurityGroup", json!({"Description": "x"}), "MissingParameter", text);
    let input = json!({"Description": "x", "GroupName": "y", "Vpc": "z"});
    refused("ec2", "CreateSecurityGroup", input, "UnknownParameter", "The parameter Vpc is not recognized");
    let text = "Value (1001) for parameter MaxResults is invalid. Expecting a value less than or equal to 1000.";
    refused("ec2", "DescribeVpcs", json!({"MaxResults": 1001}), "InvalidParameterValue", text);
    let input = json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": "http"}]});
    let text = "Invalid value for IpPermissions.1.FromPort. It must be an Integer.";
    refused("ec2", "AuthorizeSecurityGroupIngress", input, "InvalidParameterValue", text);
    let input = json!({"Description": "x", "GroupName": "y", "TagSpecifications": [{"ResourceType": "group"}]});
    let text = "Value (group) for parameter TagSpecification.1.ResourceType is invalid.";
    refused("ec2", "CreateSecurityGroup", input, "InvalidParameterValue", text);
}

#[test]
fn messages_keep_secrets() {
    rule!("Wire", "A sensitive value does not appear in a message", "API model: Secrets Manager SecretStringType");
    let secret = "s".repeat(65_537);
    let text = "1 validation error detected: Value at 'secretString' failed to satisfy constraint: \
                Member must have length less than or equal to 65536";
    let input = json!({"Name": "x", "SecretString": secret});
    refused("secretsmanager", "CreateSecret", input, "InvalidParameterException", text);
    let input = json!({"Name": "x", "SecretBinary": "AA==", "Tags": []});
    fits("secretsmanager", "CreateSecret", input);
    let text = "STRING_VALUE can not be converted to a Blob (at 'secretBinary')";
    let input = json!({"Name": "x", "SecretBinary": "?"});
    refused("secretsmanager", "CreateSecret", input, "SerializationException", text);
}

/// The headers of a request signed for STS on the day on which cloud time starts.
fn signed(change: impl Fn(String) -> String) -> HeaderMap {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-central-1/sts/aws4_request, \
                         SignedHeaders=content-type;host;x-amz-date, Signature=0123456789abcdef";
    let mut headers = HeaderMap::new();
    headers.insert("authorization", change(authorization.to_owned()).parse().unwrap());
    headers.insert("x-amz-date", "20260101T000000Z".parse().unwrap());
    headers
}

fn verdict(headers: &HeaderMap, late: Duration) -> Result<(), Fault> {
    let service = by_model("sts").unwrap();
    let api = models().api(service).unwrap();
    Signature::read(headers)?.check(SEEDED_EPOCH + late, api, "sts", "sts.eu-central-1.amazonaws.com")
}

#[track_caller]
fn mismatch(from: &str, to: &str, text: &str) {
    let headers = signed(|authorization| authorization.replace(from, to));
    assert_eq!(verdict(&headers, Duration::ZERO), Err(Fault::Mismatch(text.to_owned())));
}

#[test]
fn a_signature_is_good_for_five_minutes() {
    rule!(
        "SigV4",
        "A signature older than five minutes is refused",
        "IAM User Guide, Troubleshoot Signature Version 4"
    );
    let headers = signed(|same| same);
    assert_eq!(verdict(&headers, Duration::from_secs(300)), Ok(()));
    let text = "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)";
    assert_eq!(verdict(&headers, Duration::from_secs(301)), Err(Fault::Mismatch(text.to_owned())));
    let mut headers = signed(|same| same);
    headers.insert("x-amz-date", "20260101T000501Z".parse().unwrap());
    let text =
        "Signature not yet current: 20260101T000501Z is still later than 20260101T000500Z (20260101T000000Z + 5 min.)";
    assert_eq!(verdict(&headers, Duration::ZERO), Err(Fault::Mismatch(text.to_owned())));
}

#[test]
fn a_signature_must_fit_its_request() {
    rule!(
        "SigV4",
        "Date, region, service and terminator must fit the request",
        "IAM User Guide, Troubleshoot Signature Version 4"
    );
    mismatch("/eu-central-1/", "/us-east-1/", "Credential should be scoped to a valid region.");
    mismatch("/eu-central-1/", "/nowhere/", "Credential should be scoped to a valid region.");
    mismatch("/sts/", "/ec2/", "Credential should be scoped to correct service: 'sts'.");
    mismatch(
        "aws4_request",
        "aws5_request",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    );
    mismatch(
        "/20260101/",
        "/20260102/",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20260102' != '20260101', from '20260101T000000Z'.",
    );
    mismatch(";host;", ";", "'Host' must be a 'SignedHeader' in the AWS Authorization.");
}

#[test]
fn a_signature_must_be_whole() {
    rule!("SigV4", "A part that is missing is named", "IAM User Guide, Troubleshoot Signature Version 4");
    assert_eq!(verdict(&HeaderMap::new(), Duration::ZERO), Err(Fault::Missing));
    let mut headers = signed(|text| text.replace("Signature=0123456789abcdef", "").replace("Credential=", "Key="));
    headers.remove("x-amz-date");
    let text = "Authorization header requires 'Credential' parameter. \
                Authorization header requires 'Signature' parameter. \
                Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
                Authorization=AWS4-HMAC-SHA256";
    assert_eq!(verdict(&headers, Duration::ZERO), Err(Fault::Incomplete(text.to_owned())));
    let headers = signed(|text| text.replace("/aws4_request", ""));
    assert!(matches!(verdict(&headers, Duration::ZERO), Err(Fault::Incomplete(_))));
    let headers = signed(|text| text.replace("AWS4-HMAC-SHA256", "Basic"));
    let text = "Unsupported AWS 'algorithm': 'Basic'.";
    assert_eq!(verdict(&headers, Duration::ZERO), Err(Fault::Incomplete(text.to_owned())));
}

#[test]
fn each_family_has_its_codes_for_bad_signatures() {
    rule!(
        "SigV4",
        "An unknown or expired key has the code of the service's family",
        "Common error types of the API references"
    );
    let code = |fault: Fault, protocol| fault.refusal(protocol).code.into_owned();
    assert_eq!(code(Fault::Unknown, Protocol::Query), "InvalidClientTokenId");
    assert_eq!(code(Fault::Unknown, Protocol::RestXml), "InvalidClientTokenId");
    assert_eq!(code(Fault::Unknown, Protocol::Json), "UnrecognizedClientException");
    assert_eq!(code(Fault::Unknown, Protocol::RestJson), "UnrecognizedClientException");
    assert_eq!(code(Fault::Unknown, Protocol::Ec2), "AuthFailure");
    assert_eq!(code(Fault::Expired, Protocol::Query), "ExpiredToken");
    assert_eq!(code(Fault::Expired, Protocol::Json), "ExpiredTokenException");
    assert_eq!(code(Fault::Expired, Protocol::Ec2), "RequestExpired");
    assert_eq!(code(Fault::Missing, Protocol::Query), "MissingAuthenticationToken");
    assert_eq!(code(Fault::Missing, Protocol::SmithyRpcV2Cbor), "MissingAuthenticationTokenException");
}
