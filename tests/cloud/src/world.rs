//! All state there is, and what will happen to it by itself.

use crate::call::{Principal, PrincipalKind};
use crate::clock::Time;
use crate::random::Random;
use crate::service::{acm, ec2, ecs, efs, elb, iam, kms, logs, quotas, route53, secrets, tagging};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// The account that exists from the start.
pub const HOME_ACCOUNT: &str = "111122223333";

/// Everything: accounts, access keys, what is due, and the source of chance. A clone is a snapshot.
#[derive(Clone)]
pub struct World {
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// Who signs with which access key, and until when it is good.
    pub keys: BTreeMap<String, AccessKey>,
    /// What each container image does when it runs.
    pub scripts: ecs::Scripts,
    /// Seeded chance.
    pub random: Random,
    /// Cloud time up to which everything due has happened.
    pub now: Time,
    agenda: BTreeMap<(Time, u64), (Place, Event)>,
    scheduled: u64,
}

/// An access key's principal and end.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Who signs with it.
    pub principal: Principal,
    /// When it expires; never for a long-term key.
    pub expires: Option<Time>,
    /// The session token that must come with it, for temporary keys.
    pub session_token: Option<String>,
}

/// One AWS account.
#[derive(Clone, Default)]
pub struct Account {
    /// Account id, 12 digits.
    pub id: String,
    /// Roles and policies.
    pub iam: iam::State,
    /// Hosted zones.
    pub route53: route53::State,
    /// Quotas that AWS has raised, by code, in all regions.
    pub raised: BTreeMap<String, u32>,
    /// Regions that were touched.
    pub regions: BTreeMap<String, Region>,
}

/// One account in one region.
#[derive(Clone, Default)]
pub struct Region {
    /// Region name, for example `eu-central-1`.
    pub name: String,
    /// Account id, 12 digits.
    pub account: String,
    /// Certificates.
    pub acm: acm::State,
    /// Networks.
    pub ec2: ec2::State,
    /// Clusters, task definitions, services, tasks.
    pub ecs: ecs::State,
    /// File systems.
    pub efs: efs::State,
    /// Load balancers.
    pub elb: elb::State,
    /// Keys.
    pub kms: kms::State,
    /// Log groups.
    pub logs: logs::State,
    /// Quotas.
    pub quotas: quotas::State,
    /// Secrets.
    pub secrets: secrets::State,
    /// What the tagging API has noticed.
    pub tagging: tagging::State,
}

/// Where an event happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Account id.
    pub account: String,
    /// Region name.
    pub region: String,
}

/// Something that happens by itself at its time.
#[derive(Clone, Debug)]
pub enum Event {
    /// EC2: network interfaces go away.
    Ec2(ec2::Event),
    /// ECS: tasks and services move through their states.
    Ecs(ecs::Event),
    /// EFS: file systems, mount targets and access points move through their states.
    Efs(efs::Event),
    /// ELB: load balancers become active, targets change health.
    Elb(elb::Event),
    /// CloudWatch Logs: groups vanish.
    Logs(logs::Event),
    /// Secrets Manager: deletion windows end.
    Secrets(secrets::Event),
}

impl World {
    /// A world with the home account and nothing in it.
    pub fn new(seed: u64, now: Time) -> Self {
        let mut world = Self {
            accounts: BTreeMap::new(),
            keys: BTreeMap::new(),
            scripts: ecs::Scripts::default(),
            random: Random::new(seed),
            now,
            agenda: BTreeMap::new(),
            scheduled: 0,
        };
        world.account(HOME_ACCOUNT);
        world
    }

    /// The account of that id, made empty if it was not there, with its root-like key `root_key(id)`.
    pub fn account(&mut self, id: &str) -> &mut Account {
        if !self.accounts.contains_key(id) {
            let principal = Principal { account: id.to_owned(), kind: PrincipalKind::Root };
            self.keys.insert(root_key(id), AccessKey { principal, expires: None, session_token: None });
        }
        self.accounts.entry(id.to_owned()).or_insert_with(|| Account { id: id.to_owned(), ..Account::default() })
    }

    /// One account in one region, to read; what was never touched is empty.
    pub fn peek(&self, account: &str, region: &str) -> &Region {
        static EMPTY: LazyLock<Region> = LazyLock::new(Region::default);
        self.accounts.get(account).and_then(|a| a.regions.get(region)).unwrap_or(&EMPTY)
    }

    /// The region at `place`.
    pub fn at(&mut self, place: &Place) -> &mut Region {
        self.account(&place.account).region(&place.region)
    }

    /// Lets `event` happen at `place` once `delay` of cloud time has passed.
    pub fn after(&mut self, delay: Duration, place: &Place, event: Event) {
        self.scheduled += 1;
        self.agenda.insert((self.now + delay, self.scheduled), (place.clone(), event));
    }

    /// Lets everything happen that is due up to `until`, in order.
    pub fn advance(&mut self, until: Time) {
        let before = self.now;
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= until) {
            let (due, _) = *entry.key();
            let (place, event) = entry.remove();
            self.now = self.now.max(due);
            self.happen(&place, event);
        }
        self.now = self.now.max(until);
        tagging::remember(self, before);
    }

    /// When the next event is due, if any is.
    pub fn next_due(&self) -> Option<Time> {
        self.agenda.keys().next().map(|(due, _)| *due)
    }

    fn happen(&mut self, place: &Place, event: Event) {
        match event {
            Event::Ec2(event) => ec2::happen(self, place, event),
            Event::Ecs(event) => ecs::happen(self, place, event),
            Event::Efs(event) => efs::happen(self, place, event),
            Event::Elb(event) => elb::happen(self, place, event),
            Event::Logs(event) => logs::happen(self, place, event),
            Event::Secrets(event) => secrets::happen(self, place, event),
        }
    }
}

/// Access key id of an account's root-like key.
pub fn root_key(account: &str) -> String {
    format!("AKIAROOT{account}")
}

impl Account {
    /// The region of that name, made empty if it was not there.
    pub fn region(&mut self, name: &str) -> &mut Region {
        let account = self.id.clone();
        let region = self.regions.entry(name.to_owned()).or_insert_with(|| Region {
            name: name.to_owned(),
            account,
            ..Region::default()
        });
        region.tagging.touch();
        region
    }
}

impl Region {
    /// Where this is.
    pub fn place(&self) -> Place {
        Place { account: self.account.clone(), region: self.name.clone() }
    }

    /// ARN in this account and region, for example `arn("ecs", "cluster/ci")`.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.name, self.account)
    }
}
