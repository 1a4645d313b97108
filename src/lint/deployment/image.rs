//! Services and the images that they are built from: what a Dockerfile says counts where the service says nothing itself.

use std::sync::Arc;

use super::code::{is_app, joined};
use super::fleet::Deployed;
use crate::model::Name;
use crate::model::deployment::{Count, Role, Service};
use crate::model::fact::Value;
use crate::source::deploy::image::{IMAGE, STAGE, code_of};
use crate::source::deploy::{command, processes, role};
use crate::source::stage::{self, Stage};

/// An image, and the Dockerfile that describes it.
type Image = (Arc<str>, Service);

/// Gives each service what its image says. Images that no service is built from stay, as services that somebody may start.
pub(super) fn build(services: &mut Vec<Deployed<'_>>) {
    let is_image = |service: &Service| service.kind == *IMAGE || service.kind == *STAGE;
    let images: Vec<Image> =
        services.iter().filter(|it| is_image(&it.service)).map(|it| (it.path.clone(), it.service.clone())).collect();
    if images.is_empty() {
        return;
    }
    let mut built: Vec<Arc<str>> = Vec::new();
    for it in services.iter_mut().filter(|it| !is_image(&it.service)) {
        if let Some((path, image)) = image_of(&it.service, &it.path, &images) {
            built.push(path.clone());
            inherit(&mut it.service, &it.path, image, path);
        }
    }
    let unexplained = pulled(services, &images, &mut built);
    services.retain(|it| {
        let is_built = built.contains(&it.path) || stage::of(&it.path) != Stage::Deployed;
        it.service.kind != *STAGE && !(it.service.kind == *IMAGE && is_built)
    });
    // What runs somewhere under a name that tells nothing may be any of them.
    services.iter_mut().filter(|it| it.service.kind == *IMAGE).for_each(|it| it.is_row = !unexplained);
}

/// Services whose image somebody has built elsewhere and pushed. Only where there is one Dockerfile that nothing is built from, and
/// one image of the app, they belong together; where there are several, their names tell. Gives whether some stay without.
fn pulled(services: &mut [Deployed<'_>], images: &[Image], built: &mut Vec<Arc<str>>) -> bool {
    let is_pulled = |service: &Service| {
        let of_image = service.image.as_deref().filter(|_| service.build.is_none());
        of_image.is_some_and(|image| role::of_image(image).is_none())
    };
    let open: Vec<&Image> = images
        .iter()
        .filter(|(path, image)| image.kind == *IMAGE && !built.contains(path) && stage::of(path) == Stage::Deployed)
        .collect();
    let mut names: Vec<Name> =
        services.iter().filter(|it| is_pulled(&it.service)).filter_map(|it| it.service.image.clone()).collect();
    names.sort_by(|one, other| repository(one).cmp(repository(other)));
    names.dedup_by(|one, other| repository(one) == repository(other));
    let only = <[&Image; 1]>::try_from(open.as_slice()).ok().map(|[image]| image).filter(|_| names.len() == 1);
    // A process of a Procfile may well be that of an image.
    let mut unexplained = services.iter().any(|it| {
        let service = &it.service;
        service.kind != *IMAGE
            && service.kind != *STAGE
            && is_app(service)
            && service.build.is_none()
            && service.image.is_none()
    });
    for it in services.iter_mut().filter(|it| is_pulled(&it.service)) {
        let named = || {
            let name = it.service.image.as_deref().map(repository)?.rsplit('/').next()?.to_ascii_lowercase();
            open.iter().copied().find(|(_, image)| image.name != *IMAGE && name.ends_with(&*image.name))
        };
        match only.or_else(named) {
            Some((path, image)) => {
                built.push(path.clone());
                it.code = Some(code_of(path).to_owned());
                inherit(&mut it.service, &it.path, image, path);
            }
            None => unexplained |= is_app(&it.service),
        }
    }
    unexplained
}

/// An image's name without its tag.
pub(super) fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(image, |(name, _)| name)
}

fn image_of<'i>(service: &Service, path: &str, images: &'i [Image]) -> Option<&'i Image> {
    let context = service.build.as_deref()?;
    let home = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let context = joined(home, context);
    let setting = |key: &str| {
        service.settings.iter().find(|setting| setting.key == key).and_then(|setting| match &setting.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    };
    let files = match setting("build.dockerfile") {
        // Kamal runs in the folder of the project, and so takes its path from there.
        Some(file) => vec![joined(&context, &file), joined("", &file)],
        None => ["Dockerfile", "Containerfile"].map(|file| joined(&context, file)).to_vec(),
    };
    let here = || images.iter().filter(|(path, _)| files.iter().any(|file| *file == **path));
    let target = setting("build.target").map(|target| target.to_ascii_lowercase());
    let stage = here().find(|(_, image)| image.kind == *STAGE && target.as_deref() == Some(&*image.name));
    stage.or_else(|| here().find(|(_, image)| image.kind == *IMAGE))
}

/// The processes of a command that says none itself, as the variables of the image that it runs in have it.
fn by_variables(line: &str, image: &Service, path: &Arc<str>) -> Option<Count> {
    let program = processes::program_of(line)?;
    let commands = command::simple_commands(&command::words(&command::letters(line, (0, 0))));
    let read: Vec<_> = image.environment.iter().filter(|it| processes::reads(program, &it.key)).cloned().collect();
    let count = processes::of(path, &commands, &read)?;
    let is_variable = read.iter().any(|setting| setting.span == count.location.span);
    (is_variable && count.value != 1).then_some(count)
}

/// Rules: <https://docs.docker.com/reference/compose-file/services/#entrypoint>: whoever states an entrypoint drops the image's
/// command as well.
fn inherit(service: &mut Service, home: &str, image: &Service, path: &Arc<str>) {
    let has = |key: &str| {
        service
            .settings
            .iter()
            .any(|s| s.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let mut part = image.clone();
    let is_own = has("entrypoint") || service.command.is_some();
    if is_own {
        (part.command, part.command_span, part.processes) = (None, None, None);
        // The variables of the image are still there.
        service.processes = service.processes.take().or_else(|| by_variables(service.command.as_deref()?, image, path));
    }
    if has("entrypoint") {
        part.settings.retain(|setting| setting.key != "ENTRYPOINT");
    }
    part.ports = Vec::new();
    // Variables of a stage that only builds are gone by then.
    part.environment.retain(|variable| variable.span.line > image.span.line);
    let is_told = is_own || role::of_name(&service.name).is_some() || image.role == Role::Unknown;
    let role = if is_told { service.role } else { image.role };
    let whole = std::mem::replace(service, Service::named("", service.span));
    *service = whole.laid_over(part.seen_from(path, home));
    service.role = role;
}
