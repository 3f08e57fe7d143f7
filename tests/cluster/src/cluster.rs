//! The cluster as a test sees it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, ResourceExt};
use tempfile::TempDir;

use crate::audit::{self, AuditEvent};
use crate::binaries::{self, Program};
use crate::command::{self, CommandOutput};
use crate::control_plane::ControlPlane;
use crate::kubeconfig;
use crate::options::{Audit, Options, Source};

/// Who applies, as the server writes it into `managedFields`.
const FIELD_MANAGER: &str = "jenkinsstack-cluster";
/// How long the server may take to accept a custom resource definition; a second is usual.
const ESTABLISH_DEADLINE: Duration = Duration::from_secs(30);
/// Lifetime of a service account's token: longer than any test.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// An API server and the means to use it. One that was started here ends with this value.
#[derive(Debug)]
pub struct Cluster {
    /// Absent when the cluster is somebody else's. Before the folder, as servers end before their data goes.
    control_plane: Option<ControlPlane>,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Cluster {
    /// Starts a cluster, or takes an existing one, and waits until it can be used.
    ///
    /// # Errors
    /// The servers can't be built, don't start, or an existing cluster does not answer.
    pub async fn start(options: Options) -> Result<Self> {
        let Options { source, audit } = options;
        match source {
            Source::Fresh => {
                let servers = binaries::servers().await?;
                let folder = temporary_folder()?;
                let control_plane = ControlPlane::start(servers, folder.path(), audit).await?;
                Ok(Self { kubeconfig: control_plane.kubeconfig(), control_plane: Some(control_plane), folder })
            }
            Source::Existing(_) if audit != Audit::Off => {
                bail!("an existing cluster can't be told to write an audit log")
            }
            Source::Existing(kubeconfig) => {
                let client = kubeconfig::client(&kubeconfig).await?;
                client.apiserver_version().await.context("the existing cluster does not answer")?;
                Ok(Self { control_plane: None, kubeconfig, folder: temporary_folder()? })
            }
        }
    }

    /// Asks the servers to end, and waits for that. [`Self::restart`] starts them again.
    ///
    /// # Errors
    /// The cluster was not started here.
    pub async fn stop(&mut self) -> Result<()> {
        self.own()?.stop().await
    }

    /// Starts the servers again on the same data and port, after stopping those that run.
    ///
    /// # Errors
    /// The cluster was not started here, or does not come up again.
    pub async fn restart(&mut self) -> Result<()> {
        let control_plane = self.own()?;
        control_plane.stop().await?;
        control_plane.run().await
    }

    /// Ends the servers by SIGKILL. [`Self::restart`] starts them again on what they have written.
    ///
    /// # Errors
    /// The cluster was not started here.
    pub fn kill(&mut self) -> Result<()> {
        self.own()?.kill()
    }

    /// Ids of the servers' processes; none for a cluster that is stopped or was not started here.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.control_plane.as_ref().map(ControlPlane::process_ids).unwrap_or_default()
    }

    /// The kubeconfig file of the admin.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client of the admin. It belongs to the current runtime: a test with a runtime of its own asks for its own.
    ///
    /// # Errors
    /// The kubeconfig can't be read.
    pub async fn client(&self) -> Result<Client> {
        kubeconfig::client(&self.kubeconfig).await
    }

    /// A client of another user, as one made by [`Self::service_account_kubeconfig`].
    ///
    /// # Errors
    /// The kubeconfig can't be read.
    pub async fn client_as(&self, kubeconfig: &Path) -> Result<Client> {
        kubeconfig::client(kubeconfig).await
    }

    /// Asks the server for a token of a service account, and writes a kubeconfig with it.
    ///
    /// Whatever this user may do is up to the cluster's RBAC objects. The token is valid for a day, also after a
    /// restart; the file is gone with this value.
    ///
    /// # Errors
    /// The service account does not exist, or the server gives no token.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = match accounts.create_token_request(name, &PostParams::default(), &request).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {
                bail!("there is no service account {namespace}/{name}: create it before asking for its token")
            }
            answer => answer.with_context(|| format!("no token for the service account {namespace}/{name}"))?,
        };
        let token = answer.status.context("bug: a token request without a status")?.token;
        let path = self.folder.path().join(format!("kubeconfig-{namespace}-{name}"));
        kubeconfig::write(&path, &kubeconfig::current_cluster(&self.kubeconfig)?, namespace, name, &token)?;
        Ok(path)
    }

    /// Applies a custom resource definition and waits until the server serves it.
    ///
    /// # Errors
    /// The server refuses it, or does not establish it in time.
    pub async fn install_crd(&self, crd: &CustomResourceDefinition) -> Result<()> {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.client().await?);
        let name = crd.name_any();
        let params = PatchParams::apply(FIELD_MANAGER).force();
        definitions.patch(&name, &params, &Patch::Apply(crd)).await.with_context(|| format!("can't apply {name}"))?;
        let established = await_condition(definitions, &name, conditions::is_crd_established());
        tokio::time::timeout(ESTABLISH_DEADLINE, established)
            .await
            .map_err(|_| anyhow!("{name} is not established after {ESTABLISH_DEADLINE:?}"))??;
        Ok(())
    }

    /// The words of a command line that runs kubectl.
    ///
    /// # Errors
    /// kubectl can't be built.
    pub async fn kubectl_command(&self) -> Result<Vec<String>> {
        let Program { path, first_args } = binaries::kubectl().await?;
        let first_args = first_args.iter().map(|word| (*word).to_owned());
        Ok([path.display().to_string()].into_iter().chain(first_args).collect())
    }

    /// Runs kubectl as the admin. A failure of the command itself is in the output.
    ///
    /// # Errors
    /// kubectl can't be built or run.
    pub async fn kubectl(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<CommandOutput> {
        self.kubectl_as(&self.kubeconfig, args).await
    }

    /// Runs kubectl as the user of a kubeconfig.
    ///
    /// # Errors
    /// kubectl can't be built or run.
    pub async fn kubectl_as(
        &self,
        kubeconfig: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<CommandOutput> {
        command::run(&binaries::kubectl().await?, kubeconfig, self.folder.path(), args).await
    }

    /// Runs helm as the admin. A failure of the command itself is in the output.
    ///
    /// # Errors
    /// helm can't be built or run.
    pub async fn helm(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<CommandOutput> {
        self.helm_as(&self.kubeconfig, args).await
    }

    /// Runs helm as the user of a kubeconfig.
    ///
    /// # Errors
    /// helm can't be built or run.
    pub async fn helm_as(
        &self,
        kubeconfig: &Path,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<CommandOutput> {
        command::run(&binaries::helm().await?, kubeconfig, self.folder.path(), args).await
    }

    /// The certificate with which the API server shows itself on loopback, its authority included, and its key: for other
    /// servers of the same test.
    #[must_use]
    pub fn serving_certificate(&self) -> Option<(PathBuf, PathBuf)> {
        self.control_plane.as_ref().map(ControlPlane::serving_certificate)
    }

    /// The file of the audit log, if one was asked for.
    #[must_use]
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.control_plane.as_ref().and_then(ControlPlane::audit_log)
    }

    /// What the audit log says so far, oldest first. A request is in it shortly after it is answered.
    ///
    /// # Errors
    /// No audit log was asked for, or it can't be read.
    pub fn audit_events(&self) -> Result<Vec<AuditEvent>> {
        audit::read(&self.audit_log().context("this cluster writes no audit log: ask for one in the options")?)
    }

    fn own(&mut self) -> Result<&mut ControlPlane> {
        self.control_plane
            .as_mut()
            .context("this cluster was not started here: it can't be stopped, killed or restarted")
    }
}

fn temporary_folder() -> Result<TempDir> {
    tempfile::Builder::new().prefix("jenkinsstack-cluster-").tempdir().context("can't make a temporary folder")
}
