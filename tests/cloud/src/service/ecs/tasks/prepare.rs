//! What must work before containers start: secrets, volumes, images, log groups; decided as the account stands then.

use super::super::definition::{Container, Definition, EfsVolume, Secret};
use super::super::scripts::Script;
use super::Task;
use crate::call::Ask;
use crate::iam;
use crate::service::{ec2, efs, logs, secrets};
use crate::world::{Place, World};

/// Why a task can't start, and how many seconds it takes until that shows.
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) takes: (f64, f64),
}

/// A refusal comes at once (observed order of magnitude).
const QUICK: (f64, f64) = (1.0, 8.0);
/// Without a route, or with a closed port, several attempts time out first (observed order of magnitude).
const TIMEOUT: (f64, f64) = (60.0, 150.0);

/// Secrets and registry credentials, then volumes.
pub(super) fn resources(world: &mut World, place: &Place, task: &Task) -> Result<(), Fault> {
    for container in &task.spec.containers {
        for wanted in &container.secrets {
            secret(world, place, task, wanted)?;
        }
        if container.image.contains(".dkr.ecr.") {
            registry(world, place, task)?;
        }
    }
    for volume in &task.spec.volumes {
        if let Some(efs) = volume.efs.as_ref().filter(|_| mounted(&task.spec, &volume.name)) {
            mount(world, place, task, efs)?;
        }
    }
    Ok(())
}

fn mounted(spec: &Definition, volume: &str) -> bool {
    spec.containers.iter().any(|container| container.mount_points.iter().any(|m| m.source_volume == volume))
}

/// "Stopped tasks errors: ResourceInitializationError", Amazon ECS Developer Guide.
fn unable(text: &str, takes: (f64, f64)) -> Fault {
    Fault { reason: format!("ResourceInitializationError: unable to pull secrets or registry auth: {text}"), takes }
}

fn online(world: &World, place: &Place, task: &Task) -> bool {
    ec2::reaches_internet(world.peek(&place.account, &place.region), &task.interface.id, 443)
}

fn no_connection(service: &str, place: &Place) -> Fault {
    let text = format!(
        "execution resource retrieval failed: unable to retrieve secret from {service}: There is a connection issue \
         between the task and AWS. Check your task network configuration. RequestError: send request failed caused by: \
         Post \"https://{service}.{}.amazonaws.com/\": dial tcp: i/o timeout",
        place.region
    );
    unable(&text, TIMEOUT)
}

fn secret(world: &World, place: &Place, task: &Task, wanted: &Secret) -> Result<(), Fault> {
    let Some((arn, key)) = parse(&wanted.value_from) else { return parameter(world, place, task, &wanted.value_from) };
    if !online(world, place, task) {
        return Err(no_connection("secretsmanager", place));
    }
    let failed = |cause: String| {
        let text = format!(
            "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 \
             time(s): failed to fetch secret {arn} from secrets manager: {cause}"
        );
        unable(&text, QUICK)
    };
    permitted(world, task, &Ask::new("secretsmanager:GetSecretValue", arn.clone())).map_err(failed)?;
    let missing = "ResourceNotFoundException: Secrets Manager can't find the specified secret.";
    let home = arn.split(':').nth(3).unwrap_or(&place.region);
    let value = secrets::value_of(world.peek(&place.account, home), &arn).ok_or_else(|| failed(missing.to_owned()))?;
    match key {
        Some(key) if !has_key(value, &key) => {
            let text = format!("retrieved secret from Secrets Manager did not contain json key {key}");
            Err(unable(&text, QUICK))
        }
        Some(_) | None => Ok(()),
    }
}

/// A parameter of Systems Manager: it is there, and the execution role may read it ("Pass Systems Manager parameters
/// through Amazon ECS environment variables", Amazon ECS Developer Guide).
fn parameter(world: &World, place: &Place, task: &Task, named: &str) -> Result<(), Fault> {
    if !online(world, place, task) {
        return Err(no_connection("ssm", place));
    }
    let name = named.split_once(":parameter/").map_or(named, |(_, name)| name).trim_start_matches('/');
    let region = world.peek(&place.account, &place.region);
    let ask = Ask::new("ssm:GetParameters", region.arn("ssm", &format!("parameter/{name}")));
    permitted(world, task, &ask).map_err(|cause| {
        let text = format!(
            "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 \
             time(s): {cause}"
        );
        unable(&text, QUICK)
    })?;
    if region.ecs.parameters.contains(name) {
        return Ok(());
    }
    Err(unable(&format!("unable to retrieve secrets from ssm: invalid parameters: {named}"), QUICK))
}

/// A secret's ARN and the key in its value; nothing for a parameter.
fn parse(value: &str) -> Option<(String, Option<String>)> {
    let parts: Vec<&str> = value.split(':').collect();
    let (arn, rest) = parts.split_at_checked(7)?;
    let key = rest.first().filter(|key| !key.is_empty()).map(|key| (*key).to_owned());
    (arn.get(2) == Some(&"secretsmanager")).then(|| (arn.join(":"), key))
}

fn has_key(value: &str, key: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(value).is_ok_and(|value| value.get(key).is_some())
}

/// The execution role's answer; the error is AWS's text.
fn permitted(world: &World, task: &Task, ask: &Ask) -> Result<(), String> {
    let role = task.execution_role.as_deref().unwrap_or_default();
    if iam::allows(world, role, ask, world.now) {
        return Ok(());
    }
    let account = role.split(':').nth(4).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or_default();
    Err(format!(
        "AccessDeniedException: User: arn:aws:sts::{account}:assumed-role/{name}/{} is not authorized to perform: {} on \
         resource: {} because no identity-based policy allows the {} action",
        task.id, ask.action, ask.resource, ask.action
    ))
}

fn registry(world: &World, place: &Place, task: &Task) -> Result<(), Fault> {
    if !online(world, place, task) {
        return Err(no_connection("api.ecr", place));
    }
    permitted(world, task, &Ask::new("ecr:GetAuthorizationToken", "*")).map_err(|cause| {
        let text = format!(
            "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 \
             time(s): {cause}"
        );
        unable(&text, QUICK)
    })
}

/// How a task mounts a volume.
fn mounting<'t>(task: &'t Task, volume: &'t EfsVolume) -> efs::Mount<'t> {
    efs::Mount {
        file_system: &volume.file_system_id,
        access_point: volume.access_point(),
        tls: volume.tls(),
        role: task.task_role.as_deref().filter(|_| volume.iam()),
        interface: &task.interface.id,
    }
}

fn mount(world: &mut World, place: &Place, task: &Task, volume: &EfsVolume) -> Result<(), Fault> {
    efs::mount(world, place, &mounting(task, volume)).map_err(|text| Fault {
        reason: format!(
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: {text}"
        ),
        takes: TIMEOUT,
    })?;
    if let Some(point) = volume.access_point() {
        efs::mounted(world.at(place), point);
    }
    Ok(())
}

/// "Stopped tasks errors: CannotPullContainer", Amazon ECS Developer Guide.
pub(super) fn images(world: &World, place: &Place, task: &Task) -> Result<(), Fault> {
    for (spec, container) in task.spec.containers.iter().zip(&task.containers) {
        let reference = reference(&spec.image);
        if !online(world, place, task) {
            let text = format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
                 {reference}: failed to do request: Head \"https://{}\": dial tcp: i/o timeout",
                reference.replacen("docker.io/", "registry-1.docker.io/v2/", 1).replacen(':', "/manifests/", 1)
            );
            return Err(Fault { reason: text, takes: TIMEOUT });
        }
        if container.script.missing {
            let text = format!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref \
                 {reference}: {reference}: not found"
            );
            return Err(Fault { reason: text, takes: QUICK });
        }
        if spec.image.contains(".dkr.ecr.") {
            private(world, task, &spec.image)?;
        }
    }
    Ok(())
}

fn private(world: &World, task: &Task, image: &str) -> Result<(), Fault> {
    let (host, rest) = image.split_once('/').unwrap_or((image, ""));
    let repository = rest.split(['@', ':']).next().unwrap_or(rest);
    let parts: Vec<&str> = host.split('.').collect();
    let (account, region) = (parts.first().copied().unwrap_or_default(), parts.get(3).copied().unwrap_or_default());
    let arn = format!("arn:aws:ecr:{region}:{account}:repository/{repository}");
    for action in ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] {
        permitted(world, task, &Ask::new(action, arn.clone())).map_err(|cause| Fault {
            reason: format!("CannotPullContainerError: pull image manifest has been retried 1 time(s): {cause}"),
            takes: QUICK,
        })?;
    }
    Ok(())
}

/// The full form of an image name: `jenkins/jenkins:lts` is `docker.io/jenkins/jenkins:lts`.
fn reference(image: &str) -> String {
    let host = image.split_once('/').map(|(host, _)| host);
    let named = host.is_some_and(|host| host.contains(['.', ':']) || host == "localhost");
    let full = match (named, host) {
        (true, _) => image.to_owned(),
        (false, Some(_)) => format!("docker.io/{image}"),
        (false, None) => format!("docker.io/library/{image}"),
    };
    let tagged = full.rsplit('/').next().is_some_and(|name| name.contains([':', '@']));
    if tagged { full } else { format!("{full}:latest") }
}

/// The log group must be there and the execution role must be allowed to write to it.
pub(super) fn logs(world: &World, place: &Place, task: &Task) -> Result<(), Fault> {
    for container in &task.spec.containers {
        let Some((group, region, stream)) = destination(task, container) else { continue };
        let arn = |rest: &str| format!("arn:aws:logs:{region}:{}:log-group:{group}{rest}", place.account);
        let failed = |what: &str, cause: String| Fault {
            reason: format!(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
                 failed to create Cloudwatch log {what}: {cause} : exit status 1"
            ),
            takes: QUICK,
        };
        let makes = container.log_configuration.as_ref().and_then(|log| log.option("awslogs-create-group"));
        if makes == Some("true") {
            let ask = Ask::new("logs:CreateLogGroup", arn(""));
            permitted(world, task, &ask).map_err(|cause| failed("group", cause))?;
        }
        let ask = Ask::new("logs:CreateLogStream", arn(&format!(":log-stream:{stream}")));
        permitted(world, task, &ask).map_err(|cause| failed("stream", cause))?;
        if makes != Some("true") && !logs::exists(world.peek(&place.account, &region), &group) {
            let cause = "ResourceNotFoundException: The specified log group does not exist.";
            return Err(failed("stream", cause.to_owned()));
        }
    }
    Ok(())
}

/// Log group, region and stream of a container (`PREFIX/CONTAINER/TASK`, "Send Amazon ECS logs to CloudWatch").
fn destination(task: &Task, container: &Container) -> Option<(String, String, String)> {
    let log = container.log_configuration.as_ref().filter(|log| log.log_driver == "awslogs")?;
    let stream = format!("{}/{}/{}", log.option("awslogs-stream-prefix")?, container.name, task.id);
    Some((log.option("awslogs-group")?.to_owned(), log.option("awslogs-region")?.to_owned(), stream))
}

/// What a container leaves behind when it starts: lines in its log, a marker on its file systems.
pub(super) fn traces(world: &mut World, place: &Place, task: &Task, spec: &Container, script: &Script) {
    if let Some((group, region, stream)) = destination(task, spec) {
        let place = Place { account: place.account.clone(), region };
        script.log.iter().for_each(|line| write(world, &place, &group, &stream, line));
    }
    let Some(marker) = &script.marker else { return };
    for mount in spec.mount_points.iter().filter(|mount| mount.read_only != Some(true)) {
        if let Some(efs) = task.spec.efs(&mount.source_volume) {
            leave(world, place, task, efs, marker);
        }
    }
}

/// Leaves a marker where the volume's root is, if the task may write there.
fn leave(world: &mut World, place: &Place, task: &Task, volume: &EfsVolume, marker: &str) {
    if !efs::writable(world, place, &mounting(task, volume)) {
        return;
    }
    let region = world.at(place);
    let root = volume.access_point().and_then(|point| efs::root_directory(region, point)).map(str::to_owned);
    let directory = root.unwrap_or_else(|| volume.root_directory.clone());
    efs::write_marker(region, &volume.file_system_id, &directory, marker);
}

/// One line of a container's log.
fn write(world: &mut World, place: &Place, group: &str, stream: &str, line: &str) {
    let now = world.now;
    logs::put(world.at(place), group, stream, line, now);
}
