//! What a service is told.

use super::super::ecs::{self, Incomplete};
use crate::account::Account;
use crate::driver::changes;
use crate::error::Error;
use aws_sdk_ecs::operation::create_service::builders::CreateServiceFluentBuilder;
use aws_sdk_ecs::operation::update_service::builders::UpdateServiceFluentBuilder;
use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::types::builders::DeploymentConfigurationBuilder;
use aws_sdk_ecs::types::{
    AssignPublicIp, AvailabilityZoneRebalancing, AwsVpcConfiguration, DeploymentAlarms, DeploymentCircuitBreaker,
    DeploymentConfiguration, DeploymentStrategy, LaunchType, LoadBalancer, NetworkConfiguration, PropagateTags,
};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::input::Unresolved;
use jenkinsstack_core::kind::service::{
    Attempt, Breaker, Desired, Exec, ON_FAILURE, ONE_AT_A_TIME, Observed, PublicIp,
};

/// The call that creates a service.
pub(super) fn create(
    account: &Account,
    node: &Node,
    desired: &Desired,
) -> Result<CreateServiceFluentBuilder, Incomplete> {
    let call = account.clients.ecs.create_service().service_name(&node.name).set_tags(Some(ecs::to_ecs(&node.tags)));
    Ok(call
        .cluster(desired.cluster.known()?.as_str())
        .task_definition(desired.task_definition.known()?.as_str())
        .launch_type(LaunchType::Fargate)
        .platform_version("LATEST")
        .desired_count(1)
        .deployment_configuration(deployment().build())
        // Rebalancing starts a second task before it stops the first.
        .availability_zone_rebalancing(AvailabilityZoneRebalancing::Disabled)
        .network_configuration(network(desired)?)
        .load_balancers(target(desired)?)
        .health_check_grace_period_seconds(desired.grace_period)
        .enable_execute_command(desired.exec == Exec::Enabled)
        .propagate_tags(PropagateTags::Service)
        .enable_ecs_managed_tags(true))
}

/// The call that changes the named fields.
pub(super) fn update(
    account: &Account,
    service: &Observed,
    desired: &Desired,
    fields: &[Field],
) -> Result<UpdateServiceFluentBuilder, Incomplete> {
    let any = |names: &[&str]| names.iter().any(|name| changes(fields, name));
    let mut call = call(account, service);
    if any(&["taskDefinition"]) {
        call = call.task_definition(desired.task_definition.known()?.as_str());
    }
    if any(&["subnets", "securityGroups", "assignPublicIp"]) {
        call = call.network_configuration(network(desired)?);
    }
    if any(&["targetGroupArn", "container"]) {
        call = call.load_balancers(target(desired)?);
    }
    if any(&["healthCheckGracePeriodSeconds"]) {
        call = call.health_check_grace_period_seconds(desired.grace_period);
    }
    if any(&["enableExecuteCommand"]) {
        call = call.enable_execute_command(desired.exec == Exec::Enabled);
    }
    if any(&["desiredCount"]) {
        call = call.desired_count(1);
    }
    if any(&["deploymentPercents", "deploymentCircuitBreaker", "deploymentStrategy", "deploymentAlarms", "lifecycleHooks"])
    {
        call = call.deployment_configuration(restored(deployment(), fields)?);
    }
    if any(&["deploymentStrategy"]) {
        call = call.load_balancers(target(desired)?);
    }
    // ECS starts nothing for a deployment that it has given up.
    if any(&["forceNewDeployment"]) && service.rollout.attempt == Attempt::Outdated {
        call = call.force_new_deployment(true);
    }
    Ok(settings(call, fields))
}

/// What is the same for every stack, where it differs.
fn settings(mut call: UpdateServiceFluentBuilder, fields: &[Field]) -> UpdateServiceFluentBuilder {
    // An empty strategy is the way back to the launch type (UpdateService, Amazon ECS API Reference).
    if changes(fields, "capacityProviderStrategy") {
        call = call.set_capacity_provider_strategy(Some(Vec::new()));
    }
    if changes(fields, "availabilityZoneRebalancing") {
        call = call.availability_zone_rebalancing(AvailabilityZoneRebalancing::Disabled);
    }
    if changes(fields, "propagateTags") {
        call = call.propagate_tags(PropagateTags::Service);
    }
    if changes(fields, "enableECSManagedTags") {
        call = call.enable_ecs_managed_tags(true);
    }
    call
}

/// The deployment configuration, with what others put there taken away: what is not named stays as it is.
fn restored(ours: DeploymentConfigurationBuilder, fields: &[Field]) -> Result<DeploymentConfiguration, BuildError> {
    let mut ours = ours;
    if changes(fields, "deploymentStrategy") {
        ours = ours.strategy(DeploymentStrategy::Rolling);
    }
    if changes(fields, "deploymentAlarms") {
        let none = DeploymentAlarms::builder().set_alarm_names(Some(Vec::new())).enable(false).rollback(false).build()?;
        ours = ours.alarms(none);
    }
    if changes(fields, "lifecycleHooks") {
        ours = ours.set_lifecycle_hooks(Some(Vec::new()));
    }
    Ok(ours.build())
}

/// Asks for no task.
pub(super) async fn stop(account: &Account, service: &Observed) -> Result<(), Error> {
    let output = call(account, service).desired_count(0).send().await;
    output.map(drop).map_err(Error::of("UpdateService", &service.arn))
}

fn call(account: &Account, service: &Observed) -> UpdateServiceFluentBuilder {
    account.clients.ecs.update_service().cluster(service.cluster.as_str()).service(service.arn.as_str())
}

fn deployment() -> DeploymentConfigurationBuilder {
    let (minimum, maximum) = ONE_AT_A_TIME;
    let (enable, rollback) = match ON_FAILURE {
        Breaker::Off => (false, false),
        Breaker::GivesUp => (true, false),
        Breaker::RollsBack => (true, true),
    };
    DeploymentConfiguration::builder()
        .minimum_healthy_percent(minimum)
        .maximum_percent(maximum)
        .deployment_circuit_breaker(DeploymentCircuitBreaker::builder().enable(enable).rollback(rollback).build())
}

fn network(desired: &Desired) -> Result<NetworkConfiguration, Incomplete> {
    let groups = desired.security_groups.iter().map(|group| group.known().map(ToString::to_string));
    let public = match desired.public_ip {
        PublicIp::Enabled => AssignPublicIp::Enabled,
        PublicIp::Disabled => AssignPublicIp::Disabled,
    };
    let vpc = AwsVpcConfiguration::builder()
        .set_subnets(Some(desired.subnets.iter().map(ToString::to_string).collect()))
        .set_security_groups(Some(groups.collect::<Result<_, _>>()?))
        .assign_public_ip(public);
    Ok(NetworkConfiguration::builder().awsvpc_configuration(vpc.build()?).build())
}

fn target(desired: &Desired) -> Result<LoadBalancer, Unresolved> {
    let (container, port) = &desired.container;
    let group = desired.target_group.known()?.as_str();
    let target = LoadBalancer::builder().target_group_arn(group).container_name(container);
    Ok(target.container_port(i32::from(*port)).build())
}
