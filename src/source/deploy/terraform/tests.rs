//! Files of Terraform as people write them.

use proptest::prelude::*;

use super::*;
use crate::model::fact::Value;

fn found(text: &str, beside: super::super::Beside<'_>) -> Found {
    read(&File { path: "infra/main.tf".into(), text, beside })
}

fn shown(count: &Count) -> String {
    format!("{} {} {}:{}", count.value, count.stated_as, count.location, count.location.span.column)
}

fn lines(found: &Found) -> Vec<String> {
    let line = |service: &Service| {
        let mut line = format!("{} :{} {} {}", service.name, service.span.line, service.kind, service.role);
        service.instances.iter().for_each(|count| line += &format!(" | {}", shown(count)));
        service.ceiling.iter().for_each(|count| line += &format!(" | up to {}", shown(count)));
        line
    };
    found.services.iter().map(line).collect()
}

const ECS_FILE: &str = r#"variable "workers" {
  type    = number
  default = 4
}

resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([
    {
      name    = "web"
      image   = "${aws_ecr_repository.shop.repository_url}:latest"
      command = ["gunicorn", "-w", "3", "shop.wsgi"]
      environment = [
        { name = "SESSION_DRIVER", value = "file" },
        { name = "DB_HOST", value = aws_db_instance.main.address },
      ]
    }
  ])
}

resource "aws_ecs_service" "web" {
  name            = "shop-web"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = 2
  launch_type     = "FARGATE"

  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "web"
    container_port   = 8000
  }
}

resource "aws_ecs_service" "worker" {
  name          = "worker"
  desired_count = var.workers
}

resource "aws_ecs_service" "mail" {
  desired_count = var.unknown
}

resource "aws_ecs_service" "agent" {
  scheduling_strategy = "DAEMON"
}

resource "aws_appautoscaling_target" "web" {
  min_capacity       = 2
  max_capacity       = var.most
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.web.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}
"#;

#[test]
fn ecs_services_have_literal_counts_and_those_of_variables() {
    let beside = |path: &str| (path == "infra/variables.tf").then(|| "variable \"most\" { default = 6 }\n".to_owned());
    let found = found(ECS_FILE, &beside);
    assert_eq!(found.problems.len(), 1, "`var.unknown`: {:?}", found.problems);
    assert_eq!(
        lines(&found),
        [
            "web :21 ecs service web | 2 desired_count infra/main.tf:25:21",
            "worker :35 ecs service worker | 4 desired_count = var.workers infra/main.tf:3:13",
            "mail :40 ecs service unknown",
            "agent :44 ecs service unknown | 2 scheduling_strategy: DAEMON infra/main.tf:45:25",
        ]
    );
    let web = &found.services[0];
    assert!(web.is_called("shop-web") && web.health_check);
    assert_eq!(web.processes.as_ref().map(|count| count.value), Some(3));
    let driver = web.environment.iter().find(|setting| setting.key == "SESSION_DRIVER").unwrap();
    assert_eq!((&driver.value, driver.span.line), (&Value::Text("file".into()), 14));
    let Says::Scales { least, most } = &found.attachments[0].says else { panic!("{:?}", found.attachments) };
    assert_eq!(
        [shown(least), shown(most)],
        ["2 min_capacity infra/main.tf:49:24", "6 max_capacity = var.most infra/variables.tf:1:29"]
    );
    assert_eq!(found.attachments[0].target, Target::Named { kind: "ecs service".into(), name: "web".into() });
}

#[test]
fn cloud_run_scales_up_to_a_hundred_by_default() {
    let text = r#"
resource "google_cloud_run_v2_service" "api" {
  name     = "api"
  template {
    session_affinity = true
    scaling {
      min_instance_count = 2
      max_instance_count = 5
    }
    containers {
      image = "gcr.io/p/api"
      env {
        name  = "DATABASE_URL"
        value = "sqlite:///shop.db"
      }
    }
  }
}
resource "google_cloud_run_v2_service" "front" {
  template {
    containers { image = "gcr.io/p/front" }
  }
}
resource "google_cloud_run_service" "old" {
  template {
    metadata {
      annotations = {
        "autoscaling.knative.dev/minScale" = "1"
        "autoscaling.knative.dev/maxScale" = "3"
      }
    }
    spec {
      containers { image = "gcr.io/p/old" }
    }
  }
}
resource "google_cloud_run_v2_service" "one" {
  template {
    scaling { max_instance_count = 1 }
  }
}
resource "google_cloud_run_v2_service" "fixed" {
  scaling { manual_instance_count = 3 }
  template {}
}
resource "google_cloud_run_v2_service" "automatic" {
  scaling { manual_instance_count = 0 }
  template {
    scaling { max_instance_count = 3 }
  }
}
resource "google_cloud_run_v2_service" "any" {
  template {
    scaling { max_instance_count = var.most }
  }
}
resource "azurerm_container_app" "bot" {
  template {
    min_replicas = 1
    max_replicas = 1
    container {
      image = "ghcr.io/p/telegram-bot:1"
    }
  }
}
"#;
    let found = found(text, &|_| None);
    assert_eq!(
        lines(&found),
        [
            "api :2 cloud run service web | 2 scaling.min_instance_count infra/main.tf:7:28 | up to 5 scaling.max_instance_count infra/main.tf:8:28",
            "front :19 cloud run service web | up to 100 Cloud Run's default infra/main.tf:19:40",
            "old :24 cloud run service web | up to 3 autoscaling.knative.dev/maxScale infra/main.tf:29:46",
            "one :37 cloud run service web | up to 1 scaling.max_instance_count infra/main.tf:39:36",
            "fixed :42 cloud run service web | 3 scaling.manual_instance_count infra/main.tf:43:37",
            "automatic :46 cloud run service web | up to 3 scaling.max_instance_count infra/main.tf:49:36",
            "any :52 cloud run service web",
            "bot :57 container app bot | up to 1 max_replicas infra/main.tf:60:20",
        ]
    );
    assert_eq!(found.services[0].affinity.as_ref().map(|affinity| affinity.by), Some(AffinityKey::Cookie));
    assert_eq!(found.services[0].environment[0].key, "DATABASE_URL");
}

#[test]
fn a_resource_that_is_there_twice_is_told() {
    let one = "resource \"aws_ecs_service\" \"web\" {\n  desired_count = 2\n}\n";
    let told = found(&one.repeat(2), &|_| None).problems;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].location.as_ref().unwrap().span.line, 4);
}

#[test]
fn a_number_that_nobody_states_is_told() {
    let text = "resource \"aws_ecs_service\" \"web\" {\n  desired_count = var.web_count\n}\nresource \"google_cloud_run_v2_service\" \
                \"api\" {\n  template {\n    scaling { max_instance_count = local.most }\n  }\n}\n";
    let found = found(text, &|_| None);
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "infra/main.tf:2:19: `desired_count` is no number, so the number of instances is unknown",
            "infra/main.tf:6:36: `scaling.max_instance_count` is no number, so the number of instances is unknown",
        ]
    );
    assert_eq!(found.services.len(), 2);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "(\\PC|\n|resource |\"aws_ecs_service\" |\"google_cloud_run_v2_service\" |\"web\" |\\{|\\}|desired_count|=|1|var.x|template|scaling|\\[|\"){0,40}"
    ) {
        found(&text, &|_| None);
    }
}
