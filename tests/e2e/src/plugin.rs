//! `kubectl jenkinsstack` as a user runs it: with their own rights in the cluster and on AWS.

use crate::account::{Account, REGION};
use crate::build;
use crate::site::Site;
use crate::world::World;
use anyhow::Context;
use jenkinsstack_cloud::calls::{Mark, Record};
use jenkinsstack_cluster::{AuditEvent, Cluster, CommandOutput};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

/// The plugin, and whose rights it has.
pub struct Plugin {
    cluster: Arc<Cluster>,
    account: Arc<Account>,
    site: Site,
    kubeconfig: PathBuf,
    access_key: String,
    user: String,
    role: String,
}

impl Plugin {
    /// For a user of the world's namespace who may do everything in the cluster, and on AWS what the operator may.
    ///
    /// # Errors
    /// When the cluster or the account refuses the user.
    pub async fn of(world: &World) -> anyhow::Result<Self> {
        let (namespace, role) = (&world.site.namespace, format!("{}-user", world.site.release));
        world.kubectl(&["create", "serviceaccount", "user", "--namespace", namespace]).await?;
        let (binding, subject) = (format!("{namespace}-user"), format!("--serviceaccount={namespace}:user"));
        world.kubectl(&["create", "clusterrolebinding", &binding, "--clusterrole=cluster-admin", &subject]).await?;
        Ok(Self {
            kubeconfig: world.cluster.service_account_kubeconfig(namespace, "user").await?,
            access_key: world.account.grant(&role, &world.site.cluster_name, &[])?,
            user: format!("system:serviceaccount:{namespace}:user"),
            role,
            cluster: world.cluster.clone(),
            account: world.account.clone(),
            site: world.site.clone(),
        })
    }

    /// Runs `kubectl jenkinsstack` with those arguments; a failure of its own is in the output.
    ///
    /// # Errors
    /// When it can't be built or started.
    pub async fn run(&self, args: &[&str]) -> anyhow::Result<CommandOutput> {
        let binary = build::binary("kubectl-jenkinsstack")?;
        let output = tokio::process::Command::new(&binary)
            .args(args)
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig)
            .env("AWS_ENDPOINT_URL", self.account.url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("JENKINSSTACK_CLUSTER_NAME", &self.site.cluster_name)
            .env("JENKINSSTACK_OPERATOR_NAMESPACE", self.site.system())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("{} can't be started", binary.display()))?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(CommandOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) })
    }

    /// Its calls to AWS since a mark.
    pub fn calls(&self, since: &Mark) -> Vec<Record> {
        self.account.calls(&self.role, since)
    }

    /// Its requests to the API server since the `since`-th.
    ///
    /// # Errors
    /// When the audit log can't be read.
    pub fn requests(&self, since: usize) -> anyhow::Result<Vec<AuditEvent>> {
        let events = self.cluster.audit_events()?.into_iter().skip(since);
        Ok(events.filter(|event| event.user.username == self.user).collect())
    }
}
