//! ECS: clusters, task definitions, services, tasks.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::operation::create_cluster::CreateClusterError;
use aws_sdk_ecs::operation::delete_cluster::DeleteClusterError;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionError;
use aws_sdk_ecs::operation::execute_command::ExecuteCommandError;
use aws_sdk_ecs::operation::list_services::ListServicesError;
use aws_sdk_ecs::operation::list_tags_for_resource::ListTagsForResourceError;
use aws_sdk_ecs::operation::update_service::UpdateServiceError;
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ClusterField, ClusterSetting, ClusterSettingName, Compatibility,
    ContainerDefinition, DeploymentRolloutState, LaunchType, NetworkConfiguration, NetworkMode, PortMapping, Service,
    Tag, TaskDefinition, TaskDefinitionStatus,
};

fn tag(key: &str) -> Tag {
    Tag::builder().key(key).value("x").build()
}

fn insights(value: &str) -> ClusterSetting {
    ClusterSetting::builder().name(ClusterSettingName::ContainerInsights).value(value).build()
}

async fn cluster(desk: &Desk, ecs: &Client) -> String {
    let made = ecs.create_cluster().cluster_name("ci").tags(tag("team")).send().await.expect("a cluster");
    let made = made.cluster().expect("a cluster");
    let arn = made.cluster_arn().expect("an ARN").to_owned();
    assert_eq!(arn, "arn:aws:ecs:eu-central-1:111122223333:cluster/ci");
    desk.wait(30).await;
    arn
}

async fn clusters(desk: &Desk, ecs: &Client, arn: &str) {
    let settings = ecs.update_cluster_settings().cluster("ci").settings(insights("enabled")).send().await.expect("set");
    assert_eq!(settings.cluster().map(|cluster| cluster.settings().to_vec()), Some(vec![insights("enabled")]));
    let update = ecs.update_cluster().cluster("ci").settings(insights("disabled")).send().await.expect("set");
    assert_eq!(update.cluster().and_then(|cluster| cluster.cluster_name()), Some("ci"));
    let put = ecs.put_cluster_capacity_providers().cluster("ci").capacity_providers("FARGATE");
    let put = put.set_default_capacity_provider_strategy(Some(Vec::new())).send().await.expect("put");
    assert_eq!(put.cluster().map(|cluster| cluster.capacity_providers().to_vec()), Some(vec!["FARGATE".to_owned()]));
    desk.wait(60).await;
    let describe = ecs.describe_clusters().clusters("ci").clusters("none").include(ClusterField::Tags);
    let shown = describe.send().await.expect("clusters");
    assert_eq!((shown.clusters()[0].status(), shown.clusters()[0].tags()), (Some("ACTIVE"), [tag("team")].as_slice()));
    assert_eq!(shown.failures()[0].reason(), Some("MISSING"));
    assert_eq!(ecs.list_clusters().send().await.expect("clusters").cluster_arns(), [arn]);
}

async fn register(ecs: &Client) -> TaskDefinition {
    let port = PortMapping::builder().container_port(8080).build();
    let container = ContainerDefinition::builder().name("jenkins").image("jenkins/jenkins:lts").port_mappings(port);
    let register = ecs.register_task_definition().family("jenkins").network_mode(NetworkMode::Awsvpc).cpu("1024");
    let register = register.memory("2048").requires_compatibilities(Compatibility::Fargate);
    let made = register.container_definitions(container.build()).send().await.expect("a task definition");
    made.task_definition().expect("a task definition").clone()
}

async fn definitions(ecs: &Client) -> TaskDefinition {
    let (made, next) = (register(ecs).await, register(ecs).await);
    assert_eq!((made.revision(), next.revision()), (1, 2));
    let shown = ecs.describe_task_definition().task_definition("jenkins:1").send().await.expect("it");
    let shown = shown.task_definition().expect("a task definition");
    assert_eq!((shown.registered_at(), shown.status()), (made.registered_at(), Some(&TaskDefinitionStatus::Active)));
    let container = &shown.container_definitions()[0];
    assert_eq!((container.essential(), container.port_mappings()[0].host_port()), (Some(true), Some(8080)));
    let arns = ecs.list_task_definitions().family_prefix("jenkins").send().await.expect("task definitions");
    assert_eq!(arns.task_definition_arns().len(), 2);
    let families = ecs.list_task_definition_families().send().await.expect("families");
    assert_eq!(families.families(), ["jenkins"]);
    let inactive = ecs.deregister_task_definition().task_definition("jenkins:2").send().await.expect("deregistered");
    let status = inactive.task_definition().and_then(|definition| definition.status()).cloned();
    assert_eq!(status, Some(TaskDefinitionStatus::Inactive));
    let deleted = ecs.delete_task_definitions().task_definitions("jenkins:2").send().await.expect("deleted");
    assert_eq!(deleted.task_definitions()[0].status(), Some(&TaskDefinitionStatus::DeleteInProgress));
    made
}

async fn network(desk: &Desk) -> NetworkConfiguration {
    let ec2 = aws_sdk_ec2::Client::new(&desk.config);
    let made = ec2.create_security_group().group_name("tasks").description("tasks").vpc_id(&desk.net.vpc).send().await;
    desk.wait(10).await;
    let group = made.expect("a group").group_id().expect("an id").to_owned();
    let vpc = AwsVpcConfiguration::builder().set_subnets(Some(desk.net.public_subnets.to_vec())).security_groups(group);
    let vpc = vpc.assign_public_ip(AssignPublicIp::Enabled).build().expect("a configuration");
    NetworkConfiguration::builder().awsvpc_configuration(vpc).build()
}

async fn described(ecs: &Client) -> Service {
    ecs.describe_services().cluster("ci").services("web").send().await.expect("services").services()[0].clone()
}

async fn services(desk: &Desk, ecs: &Client, network: &NetworkConfiguration) {
    let create = ecs.create_service().cluster("ci").service_name("web").task_definition("jenkins:1").desired_count(1);
    let create = create.launch_type(LaunchType::Fargate).network_configuration(network.clone());
    let made = create.send().await.expect("a service");
    let made = made.service().expect("a service");
    assert_eq!(made.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::InProgress));
    desk.wait(300).await;
    let shown = described(ecs).await;
    assert_eq!((shown.running_count(), shown.created_at()), (1, made.created_at()));
    assert_eq!(shown.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
    assert!(shown.events().iter().any(|event| event.message().is_some_and(|text| text.contains("steady state"))));
    let arn = shown.service_arn().expect("an ARN");
    assert_eq!(ecs.list_services().cluster("ci").send().await.expect("services").service_arns(), [arn]);
    ecs.tag_resource().resource_arn(arn).tags(tag("stack")).tags(tag("team")).send().await.expect("tagged");
    ecs.untag_resource().resource_arn(arn).tag_keys("team").send().await.expect("untagged");
    let tags = ecs.list_tags_for_resource().resource_arn(arn).send().await.expect("tags");
    assert_eq!(tags.tags(), [tag("stack")]);
    let update = ecs.update_service().cluster("ci").service("web").desired_count(0).send().await.expect("updated");
    assert_eq!(update.service().map(|service| service.desired_count()), Some(0));
    desk.wait(300).await;
    assert_eq!(described(ecs).await.running_count(), 0);
    let gone = ecs.delete_service().cluster("ci").service("web").send().await.expect("deleted");
    assert!(gone.service().is_some());
}

async fn tasks(desk: &Desk, ecs: &Client, network: &NetworkConfiguration) {
    let run = ecs.run_task().cluster("ci").task_definition("jenkins:1").launch_type(LaunchType::Fargate);
    let run = run.network_configuration(network.clone()).send().await.expect("a task");
    assert!(run.failures().is_empty(), "{run:?}");
    let arn = run.tasks()[0].task_arn().expect("an ARN");
    desk.wait(180).await;
    let shown = ecs.describe_tasks().cluster("ci").tasks(arn).send().await.expect("tasks");
    let shown = &shown.tasks()[0];
    assert_eq!((shown.last_status(), shown.cpu(), shown.memory()), (Some("RUNNING"), Some("1024"), Some("2048")));
    assert!(
        shown.started_at() > shown.created_at() && shown.attachments()[0].status() == Some("ATTACHED"),
        "{shown:?}"
    );
    assert_eq!(shown.containers()[0].name(), Some("jenkins"));
    assert_eq!(ecs.list_tasks().cluster("ci").send().await.expect("tasks").task_arns(), [arn]);
    let execute = ecs.execute_command().cluster("ci").task(arn).command("sh").interactive(true).send();
    refused!(execute, ExecuteCommandError::InvalidParameterException);
    let stop = ecs.stop_task().cluster("ci").task(arn).reason("enough").send().await.expect("stopped");
    let stopped = stop.task().expect("a task");
    assert_eq!((stopped.desired_status(), stopped.stopped_reason()), (Some("STOPPED"), Some("enough")));
    desk.wait(300).await;
}

pub(crate) async fn good_cases(desk: &Desk) {
    let ecs = Client::new(&desk.config);
    let arn = cluster(desk, &ecs).await;
    clusters(desk, &ecs, &arn).await;
    definitions(&ecs).await;
    let network = network(desk).await;
    services(desk, &ecs, &network).await;
    tasks(desk, &ecs, &network).await;
    let gone = ecs.delete_cluster().cluster("ci").send().await.expect("deleted");
    assert!(gone.cluster().is_some());
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let ecs = Client::new(&desk.config);
    cluster(&desk, &ecs).await;
    let other = ecs.create_cluster().cluster_name("ci").send();
    let error = refused!(other, CreateClusterError::InvalidParameterException);
    assert!(error.message().is_some_and(|text| text.contains("inconsistent")), "{error}");
    refused!(ecs.list_services().cluster("none").send(), ListServicesError::ClusterNotFoundException);
    let unknown = ecs.describe_task_definition().task_definition("none").send();
    refused!(unknown, DescribeTaskDefinitionError::ClientException);
    let unknown = ecs.update_service().cluster("ci").service("none").desired_count(1).send();
    refused!(unknown, UpdateServiceError::ServiceNotFoundException);
    let unknown =
        ecs.list_tags_for_resource().resource_arn("arn:aws:ecs:eu-central-1:111122223333:cluster/none").send();
    let error = unknown.await.expect_err("a refusal").into_service_error();
    let typed = matches!(
        error,
        ListTagsForResourceError::InvalidParameterException(_) | ListTagsForResourceError::ClusterNotFoundException(_)
    );
    assert!(typed, "{error:?}");
    register(&ecs).await;
    let create = ecs.create_service().cluster("ci").service_name("web").task_definition("jenkins:1").desired_count(1);
    let create = create.launch_type(LaunchType::Fargate).network_configuration(network(&desk).await);
    create.send().await.expect("a service");
    let held = ecs.delete_cluster().cluster("ci").send();
    refused!(held, DeleteClusterError::ClusterContainsServicesException);
}
