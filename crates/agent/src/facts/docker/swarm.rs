//! The swarm, where this node is in one.

use std::path::Path;

use model::{Observation, Subject};
use serde_json::Value;
use x509_parser::pem::parse_x509_pem;

use super::super::engine::{Document, Engine};
use super::super::limits::{CONFIG_FILE_BYTES, SERVICES_MAX};
use super::daemon::{Daemon, swarm_state};
use super::{Look, set, short};

/// The port of a swarm's managers.
const MANAGERS_PORT: u16 = 2377;
const NANOSECONDS_OF_HOUR: i64 = 3_600_000_000_000;
/// Parts of variables' names that speak of secrets.
const SECRET_WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY"];

pub(super) async fn look(
    look: &Look<'_>,
    engine: &mut Engine,
    (daemon, info): (&Daemon, &Document),
    out: &mut Observation,
) {
    match swarm_state(info) {
        "inactive" => return,
        "active" => {}
        state => return out.miss("swarm", format!("the swarm is {state}")),
    }
    let mut swarm = Subject::new("swarm", "");
    let manager = info.flag("/Swarm/ControlAvailable");
    swarm.say("swarm.manager", manager);
    swarm.say("swarm.managers", info.number("/Swarm/Managers"));
    say_addresses(look, (daemon, info), &mut swarm);
    if manager {
        let cluster = "/Swarm/Cluster/Spec";
        let lock = format!("{cluster}/EncryptionConfig/AutoLockManagers");
        swarm.say("swarm.autolock", info.flag(&lock));
        let expiry = info.number(&format!("{cluster}/CAConfig/NodeCertExpiry"));
        swarm.say("swarm.certificate_expiry_hours", expiry / NANOSECONDS_OF_HOUR);
        let whole = engine.object("/swarm").await;
        let age = whole.and_then(|whole| ca_age_days(look, whole.text("/TLSInfo/TrustRoot")));
        swarm.say_or_miss("swarm.ca_age_days", age);
        say_secrets(engine, &mut swarm).await;
    }
    out.add(swarm);
}

/// What this node told the swarm of itself is kept in its own state file.
fn say_addresses(look: &Look<'_>, (daemon, info): (&Daemon, &Document), swarm: &mut Subject) {
    let listens = daemon.listeners(look).map(|all| {
        let managers = all.iter().filter(|address| address.port() == MANAGERS_PORT);
        set(managers.map(|address| address.ip().to_string()))
    });
    swarm.say_or_miss("swarm.listen_addresses", listens);
    let path = Path::new(info.text("/DockerRootDir")).join("swarm/docker-state.json");
    let text = look.root.text(&path, CONFIG_FILE_BYTES).map_err(|error| error.to_string());
    let state = text.and_then(|text| {
        let text = text.ok_or_else(|| format!("{} is not there", path.display()))?;
        serde_json::from_str(&text).map(Document).map_err(|error| error.to_string())
    });
    match state {
        Ok(state) => {
            let advertised = [state.text("/AdvertiseAddr"), info.text("/Swarm/NodeAddr")];
            let advertised = advertised.into_iter().find(|a| !a.is_empty()).unwrap_or_default();
            let data = state.text("/DataPathAddr");
            let host = |address: &str| match address.rsplit_once(':') {
                Some((host, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
                _ => address.to_owned(),
            };
            let apart = !data.is_empty() && host(data) != host(advertised);
            swarm.say("swarm.advertise_address", short(advertised));
            swarm.say(
                "swarm.data_path_address",
                short(if data.is_empty() { "default" } else { data }),
            );
            swarm.say("swarm.planes_apart", apart);
        }
        Err(why) => {
            for field in ["advertise_address", "data_path_address", "planes_apart"] {
                swarm.miss(&format!("swarm.{field}"), why.clone());
            }
        }
    }
}

fn ca_age_days(look: &Look<'_>, pem: &str) -> Result<i64, String> {
    let wrong = || "the root certificate cannot be read".to_owned();
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|_| wrong())?;
    let certificate = pem.parse_x509().map_err(|_| wrong())?;
    let made_s = certificate.validity().not_before.timestamp();
    Ok((look.now.as_second() - made_s).div_euclid(86_400))
}

async fn say_secrets(engine: &mut Engine, swarm: &mut Subject) {
    let secrets: Result<Vec<Value>, String> = engine.list("/secrets").await;
    swarm.say_or_miss("swarm.secrets", secrets.map(|secrets| secrets.len()));
    let services: Result<Vec<Value>, String> = engine.list("/services").await;
    match services {
        Ok(services) if services.len() <= SERVICES_MAX => {
            swarm.say("swarm.services", services.len());
            swarm.say("swarm.secret_variables", set(services.iter().flat_map(secret_variables)));
        }
        other => {
            let why = match other {
                Ok(services) => format!("{} services are too many to look at", services.len()),
                Err(why) => why,
            };
            swarm.miss("swarm.services", why.clone());
            swarm.miss("swarm.secret_variables", why);
        }
    }
}

/// Variables of a service that carry a value and are called like a secret. Names that end in
/// `_FILE` point to a file, as secrets of a swarm do.
fn secret_variables(service: &Value) -> Vec<String> {
    let service = Document(service.clone());
    let name = service.text("/Spec/Name").to_owned();
    let variables = service.texts("/Spec/TaskTemplate/ContainerSpec/Env");
    let suspicious = variables.into_iter().filter_map(|variable| {
        let (variable, value) = variable.split_once('=')?;
        let upper = variable.to_ascii_uppercase();
        let speaks = SECRET_WORDS.iter().any(|word| upper.contains(word));
        (speaks && !upper.ends_with("_FILE") && !value.is_empty())
            .then(|| format!("{name}: {variable}"))
    });
    suspicious.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_that_look_like_secrets() {
        let service = json!({"Spec": {"Name": "db", "TaskTemplate": {"ContainerSpec": {"Env": [
            "DB_PASSWORD=x", "DB_PASSWORD_FILE=/run/secrets/x", "MODE=a", "API_TOKEN=", "token"
        ]}}}});
        assert_eq!(secret_variables(&service), ["db: DB_PASSWORD"]);
    }
}
