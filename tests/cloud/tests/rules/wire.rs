//! What the wire accepts and refuses, and what every pattern of the models reads as.

use jenkinsstack_cloud::models::Models;
use jenkinsstack_cloud::models::shape::Kind;
use jenkinsstack_cloud::service::SERVICES;

#[test]
fn every_entry_of_every_model_can_be_read() {
    let models = Models::shared().expect("the API models are at hand");
    for service in SERVICES {
        models.api(service).expect("there is a model").read_all().expect(service.model);
    }
}
