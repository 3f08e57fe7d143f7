//! Security groups and their rules: each lets through what the picture needs, and nothing else.

use super::{ANYWHERE, HTTP_PORT, HTTPS_PORT, JENKINS_PORT, NFS_PORT, Stack};
use crate::graph::NodeId;
use crate::id::SecurityGroupId;
use crate::input::{Input, Output};
use crate::kind::security_group_rule::{Direction, Peer};
use crate::kind::{Desired, security_group, security_group_rule};
use jenkinsstack_api::spec::{FileSystemSource, ListenerSource};
use std::collections::BTreeSet;

/// Longest name of a security group (CreateSecurityGroup, Amazon EC2 API Reference).
const NAME_LIMIT: usize = 255;

/// The security groups of a stack.
pub(super) struct Network {
    /// Of the task.
    pub(super) controller: NodeId,
    /// Of the stack's own load balancer.
    pub(super) load_balancer: Option<NodeId>,
    /// Of the stack's own file system.
    pub(super) file_system: Option<NodeId>,
    /// Rules that must stand before the task starts.
    pub(super) rules: Vec<NodeId>,
}

/// The group of a node as an input.
pub(super) fn group(node: &NodeId) -> Input<SecurityGroupId> {
    Input::from(node, Output::Id)
}

impl Stack<'_> {
    /// The security groups and all their rules.
    pub(super) fn network(&mut self) -> Network {
        let controller = self.group("controller");
        let own_listener = !matches!(self.spec.endpoint.listener(), ListenerSource::Existing(_));
        let load_balancer = own_listener.then(|| self.group("load-balancer"));
        let own_home = self.spec.storage.file_system() == FileSystemSource::Own;
        let file_system = own_home.then(|| self.group("file-system"));
        let mut network = Network { controller, load_balancer, file_system, rules: Vec::new() };
        self.front_rules(&mut network);
        self.home_rules(&mut network);
        let controller = network.controller.clone();
        self.rule(&mut network, &controller, Direction::Egress, HTTPS_PORT, Peer::Cidr(ANYWHERE.into()), "internet");
        network
    }

    fn group(&mut self, what: &str) -> NodeId {
        let id = NodeId::new(format!("{what}-security-group"));
        let vpc = self.context.vpc.clone();
        let description = self.describe(&what.replace('-', " "));
        let name = self.name(&id, &[vpc.as_str(), &description], NAME_LIMIT);
        self.add(&id, name, Desired::SecurityGroup(security_group::Desired { description, vpc }));
        id
    }

    /// From the clients to the load balancer, and from there to Jenkins.
    fn front_rules(&mut self, network: &mut Network) {
        let controller = network.controller.clone();
        let Some(front) = network.load_balancer.clone() else {
            let groups = self.context.existing_listener.iter().flat_map(|listener| listener.security_groups.clone());
            for other in groups.collect::<BTreeSet<_>>() {
                let label = other.to_string();
                let peer = Peer::Group(Input::Known(other));
                self.rule(network, &controller, Direction::Ingress, JENKINS_PORT, peer, &label);
            }
            return;
        };
        for cidr in &self.spec.endpoint.allowed_cidrs {
            for port in self.front_ports() {
                self.rule(network, &front, Direction::Ingress, port, Peer::Cidr(cidr.clone()), cidr);
            }
        }
        let to_jenkins = Peer::Group(group(&controller));
        self.rule(network, &front, Direction::Egress, JENKINS_PORT, to_jenkins, "controller");
        let from_front = Peer::Group(group(&front));
        self.rule(network, &controller, Direction::Ingress, JENKINS_PORT, from_front, "load-balancer");
        if self.spec.auth.oidc.is_some() {
            // The load balancer itself asks the provider for tokens and claims.
            self.rule(network, &front, Direction::Egress, HTTPS_PORT, Peer::Cidr(ANYWHERE.into()), "provider");
        }
    }

    /// Ports on which the stack's own load balancer listens.
    fn front_ports(&self) -> Vec<u16> {
        match self.spec.endpoint.listener() {
            ListenerSource::OwnHttp => vec![HTTP_PORT],
            ListenerSource::OwnHttps { .. } if self.spec.endpoint.http_redirect.is_enabled() => {
                vec![HTTP_PORT, HTTPS_PORT]
            }
            ListenerSource::OwnHttps { .. } => vec![HTTPS_PORT],
            ListenerSource::Existing(_) => Vec::new(),
        }
    }

    /// From Jenkins to its home.
    fn home_rules(&mut self, network: &mut Network) {
        let controller = network.controller.clone();
        let Some(home) = network.file_system.clone() else {
            let groups = self.context.existing_file_system.iter().flat_map(|home| home.security_groups.clone());
            for other in groups.collect::<BTreeSet<_>>() {
                let label = other.to_string();
                let peer = Peer::Group(Input::Known(other));
                self.rule(network, &controller, Direction::Egress, NFS_PORT, peer, &label);
            }
            return;
        };
        self.rule(network, &controller, Direction::Egress, NFS_PORT, Peer::Group(group(&home)), "file-system");
        self.rule(network, &home, Direction::Ingress, NFS_PORT, Peer::Group(group(&controller)), "controller");
    }

    fn rule(&mut self, network: &mut Network, of: &NodeId, direction: Direction, port: u16, peer: Peer, label: &str) {
        let way = match direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        let id = of.of(format_args!("{port}-{way}-{label}"));
        let description = self.describe(&format!("{port} {way} {label}"));
        let desired =
            security_group_rule::Desired { group: group(of), direction, ports: (port, port), peer, description };
        let name = self.context.owner.token(&id, &[]);
        self.add(&id, name, Desired::SecurityGroupRule(desired));
        network.rules.push(id);
    }
}
