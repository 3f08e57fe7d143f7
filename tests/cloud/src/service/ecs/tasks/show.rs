//! A task as Describe operations show it.

use super::{Container, ContainerStatus, Health, Status, StopCode, Task};
use crate::clock::Time;
use crate::tags::Spelling;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

impl Task {
    /// As DescribeTasks shows it.
    pub(in super::super) fn describe(&self, with_tags: bool) -> Value {
        let mut output = json!({
            "attachments": [self.attachment()],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": self.interface.zone,
            "clusterArn": self.arn.replace(":task/", ":cluster/").rsplit_once('/').map_or("", |(arn, _)| arn),
            "containers": self.containers(),
            "cpu": self.spec.cpu,
            "memory": self.spec.memory,
            "desiredStatus": if self.stop.is_some() { "STOPPED" } else { "RUNNING" },
            "lastStatus": self.status.name(),
            "enableExecuteCommand": self.execute_command,
            "ephemeralStorage": {"sizeInGiB": self.spec.ephemeral_storage.as_ref().map_or(20, |storage| storage.size)},
            "group": self.group,
            "startedBy": self.started_by,
            "healthStatus": self.health().unwrap_or(Health::Unknown).name(),
            "overrides": self.overrides,
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "taskArn": self.arn,
            "taskDefinitionArn": self.spec.arn,
            "tags": if with_tags { Spelling::Lower.write(&self.tags) } else { json!([]) },
            "version": self.version,
        });
        match &self.provider {
            Some(provider) => output["capacityProviderName"] = json!(provider),
            None => output["launchType"] = json!("FARGATE"),
        }
        self.show_times(&mut output);
        self.show_stop(&mut output);
        output
    }

    fn show_times(&self, output: &mut Value) {
        let times = [
            ("createdAt", Some(self.times.created)),
            ("connectivityAt", self.times.connected),
            ("pullStartedAt", self.times.pull_started),
            ("pullStoppedAt", self.times.pull_stopped),
            ("startedAt", self.times.started),
            ("stoppingAt", self.times.stopping),
            ("executionStoppedAt", self.times.execution_stopped),
            ("stoppedAt", self.times.stopped),
        ];
        for (name, time) in times {
            output[name] = json!(time.map(Time::seconds));
        }
        if self.times.connected.is_some() {
            output["connectivity"] = json!("CONNECTED");
        }
    }

    fn show_stop(&self, output: &mut Value) {
        if let Some(stop) = &self.stop {
            output["stopCode"] = StopCode::name(stop.code);
            output["stoppedReason"] = json!(stop.reason);
        }
    }

    fn attachment(&self) -> Value {
        let status = match self.status {
            Status::Provisioning => "PRECREATED",
            Status::Stopped => "DELETED",
            _ => "ATTACHED",
        };
        let details = [
            ("subnetId", self.interface.subnet.clone()),
            ("networkInterfaceId", self.interface.id.clone()),
            ("macAddress", self.mac.clone()),
            ("privateDnsName", format!("ip-{}.internal", self.interface.private_ip.replace('.', "-"))),
            ("privateIPv4Address", self.interface.private_ip.clone()),
        ];
        let details: Value = details.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({"id": self.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details})
    }

    fn containers(&self) -> Value {
        self.containers.iter().enumerate().map(|(index, container)| self.container(index, container)).collect()
    }

    fn container(&self, index: usize, container: &Container) -> Value {
        let Some(spec) = self.spec.containers.get(index) else { return Value::Null };
        let mut output = json!({
            "containerArn": container.arn,
            "taskArn": self.arn,
            "name": spec.name,
            "image": spec.image,
            "lastStatus": container.status.name(),
            "networkBindings": [],
            "networkInterfaces": [{
                "attachmentId": self.attachment,
                "privateIpv4Address": self.interface.private_ip,
            }],
            "healthStatus": container.health.name(),
            "cpu": spec.cpu.to_string(),
            "exitCode": container.exit,
            "reason": container.reason,
            "memory": spec.memory.map(|memory| memory.to_string()),
            "memoryReservation": spec.memory_reservation.map(|memory| memory.to_string()),
        });
        if let Some(runtime) = &container.runtime {
            output["runtimeId"] = json!(runtime);
            output["imageDigest"] = json!(format!("sha256:{}", hex::encode(Sha256::digest(spec.image.as_bytes()))));
        }
        if self.execute_command {
            let state = if container.status == ContainerStatus::Running { "RUNNING" } else { "PENDING" };
            output["managedAgents"] = json!([{"name": "ExecuteCommandAgent", "lastStatus": state}]);
        }
        output
    }
}

impl ContainerStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Pending | Self::Creating => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl Health {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}
