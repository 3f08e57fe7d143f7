//! One request, one answer and one refusal of each protocol, byte by byte as the Rust SDK and boto3 write and read them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use jenkinsstack_cloud::Refusal;
use jenkinsstack_cloud::models::Models;
use jenkinsstack_cloud::models::api::Api;
use jenkinsstack_cloud::models::shape::Protocol;
use jenkinsstack_cloud::service::by_model;
use jenkinsstack_cloud::wire::{self, Decoded};
use serde_json::{Value, json};

fn api(service: &str) -> &'static Api {
    Models::shared().expect("the API models are at hand").api(by_model(service).unwrap()).unwrap()
}

fn request(line: &str, headers: &[(&'static str, &'static str)], body: impl Into<Bytes>) -> Request<Bytes> {
    let (method, uri) = line.split_once(' ').unwrap();
    let mut request = Request::new(body.into());
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = uri.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request
}

#[track_caller]
fn reads(service: &str, request: &Request<Bytes>, operation: &str, input: Value) {
    let operation = operation.to_owned();
    assert!(wire::claims(api(service), request));
    assert_eq!(wire::decode(api(service), request), Ok(Decoded { operation, input }));
}

#[track_caller]
fn writes(service: &str, operation: &str, output: Value, status: u16, body: &str) -> HeaderMap {
    let api = api(service);
    let response = wire::encode(api, api.protocol(), operation, &Ok(output), "req-1");
    assert_eq!(String::from_utf8_lossy(response.body()), body);
    assert_eq!(response.status(), status);
    response.headers().clone()
}

#[track_caller]
fn refuses(service: &str, operation: &str, refusal: Refusal, status: u16, body: &str) -> HeaderMap {
    let api = api(service);
    let response = wire::encode(api, api.protocol(), operation, &Err(refusal), "req-1");
    assert_eq!(String::from_utf8_lossy(response.body()), body);
    assert_eq!(response.status(), status);
    response.headers().clone()
}

#[test]
fn json_names_its_operation_in_a_header() {
    let target = [("x-amz-target", "Logs_20140328.CreateLogGroup")];
    let asked = request("POST /", &target, r#"{"logGroupName":"/a","tags":{"x":"y"}}"#);
    reads("logs", &asked, "CreateLogGroup", json!({"logGroupName": "/a", "tags": {"x": "y"}}));
    let empty = request("POST /", &[("x-amz-target", "TrentService.ListKeys")], "");
    reads("kms", &empty, "ListKeys", json!({}));

    let output = json!({"KeyMetadata": {"KeyId": "k", "CreationDate": 1767225600.5, "Description": null}});
    let body = r#"{"KeyMetadata":{"CreationDate":1767225600.5,"KeyId":"k"}}"#;
    let headers = writes("kms", "DescribeKey", output, 200, body);
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(headers["x-amzn-requestid"], "req-1");

    let refusal = Refusal::new("NotFoundException", "Key 'k' does not exist");
    let body = r#"{"__type":"NotFoundException","message":"Key 'k' does not exist"}"#;
    refuses("kms", "DescribeKey", refusal, 400, body);
}

#[test]
fn json_that_can_not_be_read_is_refused() {
    let target = [("x-amz-target", "TrentService.ListKeys")];
    for body in ["{", "[]", "\"x\"", "{} {}"] {
        let refusal = wire::decode(api("kms"), &request("POST /", &target, body)).unwrap_err();
        assert_eq!(refusal.code, "SerializationException", "{body}");
    }
    let unknown = request("POST /", &[("x-amz-target", "TrentService.MakeKeys")], "{}");
    assert_eq!(wire::decode(api("kms"), &unknown).unwrap_err().code, "UnknownOperationException");
    let foreign = request("POST /", &[("x-amz-target", "Logs_20140328.CreateLogGroup")], "{}");
    assert!(!wire::claims(api("kms"), &foreign));
}

#[test]
fn query_numbers_its_lists() {
    let body = "Action=CreateRole&Version=2010-05-08&RoleName=a%2Bb&AssumeRolePolicyDocument=%7B%7D\
                &MaxSessionDuration=3600&Tags.member.1.Key=x&Tags.member.1.Value=&Tags.member.10.Key=z\
                &Tags.member.2.Key=y+y";
    let input = json!({
        "RoleName": "a+b", "AssumeRolePolicyDocument": "{}", "MaxSessionDuration": 3600,
        "Tags": [{"Key": "x", "Value": ""}, {"Key": "y y"}, {"Key": "z"}],
    });
    reads("iam", &request("POST /", &[], body), "CreateRole", input);
    // An empty list is the list's name alone.
    let body = "Action=DescribeTags&Version=2015-12-01&ResourceArns=";
    reads("elbv2", &request("POST /", &[], body), "DescribeTags", json!({"ResourceArns": []}));
    let body = "Action=ModifyTargetGroup&Version=2015-12-01&TargetGroupArn=t&HealthCheckEnabled=false&Colour=red";
    let input = json!({"TargetGroupArn": "t", "HealthCheckEnabled": false, "Colour": "red"});
    reads("elbv2", &request("POST /", &[], body), "ModifyTargetGroup", input);
}

#[test]
fn query_answers_in_xml() {
    let output = json!({"Roles": [{"RoleName": "a<b", "CreateDate": 1767225600.0}], "IsTruncated": false});
    let body = "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult>\
                <IsTruncated>false</IsTruncated><Roles><member><CreateDate>2026-01-01T00:00:00.000Z</CreateDate>\
                <RoleName>a&lt;b</RoleName></member></Roles></ListRolesResult>\
                <ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></ListRolesResponse>";
    writes("iam", "ListRoles", output, 200, body);
    let body = "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                <ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></DeleteRoleResponse>";
    writes("iam", "DeleteRole", json!({}), 200, body);
    let output = json!({"SummaryMap": {"Roles": 3}});
    let body = "<GetAccountSummaryResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                <GetAccountSummaryResult><SummaryMap><entry><key>Roles</key><value>3</value></entry></SummaryMap>\
                </GetAccountSummaryResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata>\
                </GetAccountSummaryResponse>";
    writes("iam", "GetAccountSummary", output, 200, body);

    let refusal = Refusal::new("NoSuchEntity", "The role with name x cannot be found.");
    let body = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                <Code>NoSuchEntity</Code><Message>The role with name x cannot be found.</Message></Error>\
                <RequestId>req-1</RequestId></ErrorResponse>";
    refuses("iam", "GetRole", refusal, 404, body);
}

#[test]
fn forms_ask_for_an_action_in_the_version_of_the_model() {
    for (body, code) in [
        ("Version=2010-05-08", "MissingAction"),
        ("Action=MakeRole&Version=2010-05-08", "InvalidAction"),
        ("Action=GetRole&Version=2010-05-09", "InvalidAction"),
    ] {
        assert_eq!(wire::decode(api("iam"), &request("POST /", &[], body)).unwrap_err().code, code, "{body}");
    }
}

#[test]
fn ec2_has_bare_lists_and_capital_letters() {
    let body = "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1\
                &Filter.1.Value.2=vpc-2&SubnetId.1=subnet-1&MaxResults=5&DryRun=true";
    let input = json!({
        "Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "SubnetIds": ["subnet-1"], "MaxResults": 5,
        "DryRun": true,
    });
    reads("ec2", &request("POST /", &[], body), "DescribeSubnets", input);
    let body = "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp\
                &IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=80&IpPermissions.1.Groups.1.GroupId=sg-2\
                &TagSpecification.1.ResourceType=security-group-rule&TagSpecification.1.Tag.1.Key=k\
                &TagSpecification.1.Tag.1.Value=v";
    let permission =
        json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": "sg-2"}]});
    let tags = json!({"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]});
    let input = json!({"GroupId": "sg-1", "IpPermissions": [permission], "TagSpecifications": [tags]});
    reads("ec2", &request("POST /", &[], body), "AuthorizeSecurityGroupIngress", input);

    let output = json!({"Vpcs": [{"VpcId": "vpc-1", "IsDefault": false, "Tags": []}]});
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>req-1</requestId>\
                <vpcSet><item><isDefault>false</isDefault><tagSet></tagSet><vpcId>vpc-1</vpcId></item></vpcSet>\
                </DescribeVpcsResponse>";
    writes("ec2", "DescribeVpcs", output, 200, body);

    let refusal = Refusal::new("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist");
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
                <Code>InvalidVpcID.NotFound</Code><Message>The vpc ID &apos;vpc-1&apos; does not exist</Message>\
                </Error></Errors><RequestID>req-1</RequestID></Response>";
    refuses("ec2", "DescribeVpcs", refusal, 400, body);
}

#[test]
fn rest_json_reads_paths_and_query_strings() {
    let asked = request("POST /2015-02-01/file-systems", &[], r#"{"CreationToken":"t","Encrypted":true}"#);
    reads("efs", &asked, "CreateFileSystem", json!({"CreationToken": "t", "Encrypted": true}));
    let asked = request("GET /2015-02-01/file-systems?MaxItems=5&CreationToken=a%2Fb", &[], "");
    reads("efs", &asked, "DescribeFileSystems", json!({"MaxItems": 5, "CreationToken": "a/b"}));
    let path = "DELETE /2015-02-01/resource-tags/arn%3Aaws%3Aefs%3A1%2Ffs-1?tagKeys=a&tagKeys=b%20c";
    let input = json!({"ResourceId": "arn:aws:efs:1/fs-1", "TagKeys": ["a", "b c"]});
    reads("efs", &request(path, &[], ""), "UntagResource", input);
    // A literal part of a path is meant before a label.
    let asked = request("GET /2015-02-01/file-systems/replication-configurations", &[], "");
    reads("efs", &asked, "DescribeReplicationConfigurations", json!({}));
    let nowhere = request("PATCH /2015-02-01/file-systems", &[], "");
    assert_eq!(wire::decode(api("efs"), &nowhere).unwrap_err().code, "UnknownOperationException");
}

#[test]
fn rest_json_answers_with_status_and_error_type() {
    writes("efs", "CreateFileSystem", json!({"FileSystemId": "fs-1"}), 201, r#"{"FileSystemId":"fs-1"}"#);
    writes("efs", "DeleteFileSystem", json!({}), 204, "");
    let refusal = Refusal::new("FileSystemAlreadyExists", "It exists.").with("FileSystemId", "fs-1");
    let body = r#"{"ErrorCode":"FileSystemAlreadyExists","FileSystemId":"fs-1","Message":"It exists."}"#;
    let headers = refuses("efs", "CreateFileSystem", refusal, 409, body);
    assert_eq!(headers["x-amzn-errortype"], "FileSystemAlreadyExists");
}

#[test]
fn rest_xml_reads_and_writes_xml() {
    let body = "<?xml version=\"1.0\"?><ChangeTagsForResourceRequest \
                xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><AddTags><Tag><Key>a</Key>\
                <Value>b &amp; c</Value></Tag></AddTags><RemoveTagKeys><Key>x</Key></RemoveTagKeys>\
                </ChangeTagsForResourceRequest>";
    let input = json!({
        "ResourceType": "hostedzone", "ResourceId": "Z1", "AddTags": [{"Key": "a", "Value": "b & c"}],
        "RemoveTagKeys": ["x"],
    });
    let asked = request("POST /2013-04-01/tags/hostedzone/Z1", &[], body);
    reads("route53", &asked, "ChangeTagsForResource", input);
    let asked = request("GET /2013-04-01/hostedzonesbyname?dnsname=example.com&maxitems=1", &[], "");
    reads("route53", &asked, "ListHostedZonesByName", json!({"DNSName": "example.com", "MaxItems": "1"}));
    let asked = request("POST /2013-04-01/tags/hostedzone/Z1", &[], "<Other/>");
    assert_eq!(wire::decode(api("route53"), &asked).unwrap_err().code, "MalformedInput");

    let zone = json!({"Id": "/hostedzone/Z1", "Config": {"PrivateZone": false}});
    let output = json!({"HostedZone": zone, "VPCs": [{"VPCId": "vpc-1"}]});
    let body = "<?xml version=\"1.0\"?>\n\
                <GetHostedZoneResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZone>\
                <Config><PrivateZone>false</PrivateZone></Config><Id>/hostedzone/Z1</Id></HostedZone>\
                <VPCs><VPC><VPCId>vpc-1</VPCId></VPC></VPCs></GetHostedZoneResponse>";
    writes("route53", "GetHostedZone", output, 200, body);
    let refusal = Refusal::new("NoSuchHostedZone", "No hosted zone found with ID: Z1");
    let body = "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
                <Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z1</Message></Error>\
                <RequestId>req-1</RequestId></ErrorResponse>";
    refuses("route53", "GetHostedZone", refusal, 404, body);
}

#[test]
fn cbor_names_its_operation_in_the_path() {
    use ciborium::cbor;
    let bytes = |value: &ciborium::Value| {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    };
    let body = bytes(&cbor!({"ResourcesPerPage" => 5, "TagFilters" => [{"Key" => "k", "Values" => ["v"]}]}).unwrap());
    let path = "POST /service/ResourceGroupsTaggingAPI_20170126/operation/GetResources";
    let asked = request(path, &[("smithy-protocol", "rpc-v2-cbor")], body);
    let input = json!({"ResourcesPerPage": 5, "TagFilters": [{"Key": "k", "Values": ["v"]}]});
    reads("resourcegroupstaggingapi", &asked, "GetResources", input.clone());
    // The Rust SDK speaks JSON to the same service.
    let target = [("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources")];
    let asked = request("POST /", &target, input.to_string());
    reads("resourcegroupstaggingapi", &asked, "GetResources", input);

    let api = api("resourcegroupstaggingapi");
    let write = |answer| wire::encode(api, Protocol::SmithyRpcV2Cbor, "GetResources", &answer, "req-1");
    let response = write(Ok(json!({"PaginationToken": "", "ResourceTagMappingList": []})));
    let expected = cbor!({"PaginationToken" => "", "ResourceTagMappingList" => []}).unwrap();
    assert_eq!(response.body()[..], bytes(&expected));
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
    let response = write(Err(Refusal::new("PaginationTokenExpiredException", "late")));
    let expected = cbor!({"Message" => "late", "__type" => "PaginationTokenExpiredException"}).unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (400, &bytes(&expected)[..]));
}
