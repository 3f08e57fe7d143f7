//! Where and under which names an operator is installed.

/// One installation of the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Name of the Kubernetes cluster, in the tags.
    pub cluster_name: String,
    /// Namespace of the stacks that a story is about.
    pub namespace: String,
    /// Name of the Helm release.
    pub release: String,
    /// What the operator watches.
    pub watches: Watches,
    /// The operator's IAM role.
    pub role: String,
    /// Further values of the chart, as `name=value`.
    pub values: Vec<String>,
}

/// What an operator watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watches {
    /// All namespaces.
    All,
    /// The namespace of the site only.
    Own,
}

impl Site {
    /// The one that most stories are about: it watches everything, in the namespace that the README names.
    pub fn main() -> Self {
        Self {
            cluster_name: "e2e".to_owned(),
            namespace: "default".to_owned(),
            release: "jenkinsstack".to_owned(),
            watches: Watches::All,
            role: "jenkinsstack-operator".to_owned(),
            values: Vec::new(),
        }
    }

    /// One of a cluster's own, with all names made from `name`.
    pub fn named(name: &str) -> Self {
        Self::twin(name, name, name)
    }

    /// One that calls its cluster `cluster_name` and looks at `namespace`, beside others of the same cluster name.
    pub fn twin(name: &str, cluster_name: &str, namespace: &str) -> Self {
        Self {
            cluster_name: cluster_name.to_owned(),
            namespace: namespace.to_owned(),
            release: name.to_owned(),
            watches: Watches::Own,
            role: format!("{name}-operator"),
            values: Vec::new(),
        }
    }

    /// Namespace of the operator.
    pub fn system(&self) -> String {
        format!("{}-system", self.release)
    }

    /// The same with a further value of the chart.
    #[must_use]
    pub fn with(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }

    /// What the chart is installed with.
    pub(crate) fn all_values(&self) -> Vec<String> {
        let mut values = vec![format!("clusterName={}", self.cluster_name)];
        match self.watches {
            Watches::All => (),
            Watches::Own => {
                values.extend([format!("watchNamespaces={{{}}}", self.namespace), "rbac.userRoles=false".to_owned()]);
            }
        }
        values.extend(self.values.iter().cloned());
        values
    }
}
