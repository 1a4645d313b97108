//! Dependency manifests to facts: which packages a project depends on.

mod catalog;
mod coordinates;
mod gemfile;
mod go_mod;
mod gradle;
mod json;
mod maven;
mod msbuild;
mod requirements;
mod toml;
mod xml;

use super::language::Extracted;
use super::language::grammar::{MARK, directive};
use super::language::lines::Lines;
use crate::model::Name;
use crate::model::fact::{Dependency, Directive, FileFacts, Language};
use crate::model::problem::Problem;

/// Who reads a manifest, by the name of the file.
pub fn reader(path: &str) -> Option<super::Reader> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.rsplit('/').next().unwrap_or_default();
    match name {
        "Gemfile" | "gems.rb" => Some(|path, text| extract(gemfile::dependencies, path, text)),
        "Gemfile.lock" | "gems.locked" => Some(|path, text| extract(gemfile::installed, path, text)),
        _ if name.ends_with(".gemspec") => Some(|path, text| extract(gemfile::of_gem, path, text)),
        "go.mod" => Some(|path, text| extract(go_mod::dependencies, path, text)),
        "composer.lock" => Some(|path, text| extract(json::installed, path, text)),
        "package.json" | "composer.json" => Some(|path, text| extract(json::dependencies, path, text)),
        "pyproject.toml" | "Pipfile" | "Cargo.toml" => Some(|path, text| extract(toml::dependencies, path, text)),
        "Directory.Packages.props" | "Directory.Build.props" | "packages.config" => {
            Some(|path, text| extract(msbuild::dependencies, path, text))
        }
        "pom.xml" => Some(|path, text| extract(maven::dependencies, path, text)),
        _ if name.ends_with(".gradle") || name.ends_with(".gradle.kts") => {
            Some(|path, text| extract(gradle::dependencies, path, text))
        }
        _ if name.ends_with(".versions.toml") => Some(|path, text| extract(catalog::dependencies, path, text)),
        _ if name.ends_with(".csproj") => Some(|path, text| extract(msbuild::dependencies, path, text)),
        _ if !name.ends_with(".txt") && !name.ends_with(".in") => None,
        _ if name.starts_with("requirements") || folder == "requirements" => {
            Some(|path, text| extract(requirements::dependencies, path, text))
        }
        _ => None,
    }
}

/// One manifest while it is read.
struct Manifest<'t> {
    path: &'t str,
    text: &'t str,
    lines: Lines<'t>,
    dependencies: Vec<Dependency>,
    problems: Vec<Problem>,
}

fn extract(read: fn(&mut Manifest<'_>), path: &str, text: &str) -> Extracted {
    let mut manifest = Manifest { path, text, lines: Lines::new(text), dependencies: Vec::new(), problems: Vec::new() };
    read(&mut manifest);
    let mut facts = FileFacts::empty(path, Language::Manifest);
    facts.lines = manifest.lines.count();
    facts.directives = directives(path, text, &manifest.lines);
    facts.dependencies = manifest.dependencies;
    facts.dependencies.sort_by_key(|dependency| dependency.span);
    Extracted { facts, problems: manifest.problems }
}

impl Manifest<'_> {
    fn add(&mut self, name: &str, version: &str, dev: bool, start: usize, end: usize) {
        let span = self.lines.span(start as u32, end as u32);
        self.dependencies.push(Dependency { name: Name::new(name), version: Name::new(version.trim()), dev, span });
    }

    fn problem(&mut self, message: String, start: usize, end: usize) {
        let (start, end) = (start.min(self.text.len()), end.min(self.text.len()));
        let span = self.lines.span(start as u32, end.max(start) as u32);
        self.problems.push(Problem::new(message).at(self.path, span, self.text));
    }
}

/// Comments begin with `#`, in go.mod and for Gradle with `//`, in XML with `<!--`; JSON has none.
fn directives(path: &str, text: &str, lines: &Lines<'_>) -> Vec<Directive> {
    if path.ends_with(".json") || path.ends_with(".lock") {
        return Vec::new();
    }
    let sign = match path {
        _ if [".mod", ".gradle", ".kts"].iter().any(|end| path.ends_with(end)) => "//",
        _ if path.ends_with("proj")
            || path.ends_with(".xml")
            || path.ends_with(".props")
            || path.ends_with(".config") =>
        {
            "<!--"
        }
        _ => "#",
    };
    let one = |(at, _): (usize, &str)| {
        let start = at - lines.before(at as u32).len() + lines.before(at as u32).find(sign)?;
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        Some(directive(text, at, start, end, lines))
    };
    text.match_indices(MARK).filter_map(one).collect()
}

/// The name of a Python package as its registry writes it: `Flask_Session` is `flask-session`.
fn python_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Groups of dependencies that production does without, by their usual names.
fn is_development(group: &str) -> bool {
    const WORDS: &[&str] = &["dev", "test", "lint", "doc", "typing", "type-check", "ci", "format", "bench", "coverage"];
    let group = group.to_lowercase();
    WORDS
        .iter()
        .any(|word| group.split(['-', '_', '.', '/']).any(|part| part == *word || part.trim_end_matches('s') == *word))
        || group.starts_with("dev")
        || group.starts_with("test")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::language::render::render;

    fn read(path: &str, text: &str) -> Extracted {
        reader(path).unwrap()(path, text)
    }

    #[test]
    fn package_json_names_packages_with_their_lines() {
        let text = "{\n  \"name\": \"shop\",\n  \"scripts\": { \"dependencies\": \"x\" },\n  \"dependencies\": {\n    \"express\": \"^4.18\",\n    \"@scope/\\\"x\": \"1\"\n  },\n\
                    \x20 \"devDependencies\": { \"jest\": \"29\" },\n  \"nested\": { \"dependencies\": { \"no\": \"1\" } }\n}\n";
        let extracted = read("web/package.json", text);
        assert_eq!(extracted.problems, []);
        let expected = "5:5 dependency express ^4.18\n6:5 dependency @scope/\\\"x 1\n8:24 dependency jest 29 dev";
        assert_eq!(render(&extracted.facts), expected);
    }

    #[test]
    fn composer_names_what_is_required_and_what_is_installed() {
        let text = "{\n  \"require\": {\n    \"php\": \"^8.2\",\n    \"laravel/framework\": \"^11.0\"\n  },\n  \"require-dev\": { \"phpunit/phpunit\": \"^11\" }\n}\n";
        let expected =
            "3:5 dependency php ^8.2\n4:5 dependency laravel/framework ^11.0\n6:20 dependency phpunit/phpunit ^11 dev";
        assert_eq!(render(&read("composer.json", text).facts), expected);
        let text = "{\n  \"packages\": [\n    {\n      \"name\": \"laravel/framework\",\n      \"version\": \"v11.31.0\",\n      \"require\": { \"name\": \"x\", \"version\": \"1\" },\n      \"authors\": [{ \"name\": \"A\" }]\n    },\n    { \"name\": \"predis/predis\", \"version\": \"v2.2.2\" }\n  ],\n\
                    \x20 \"packages-dev\": [{ \"name\": \"mockery/mockery\", \"version\": \"1.6.12\" }]\n}\n";
        let extracted = read("composer.lock", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "4:7 dependency laravel/framework v11.31.0\n9:7 dependency predis/predis v2.2.2\n11:22 dependency mockery/mockery 1.6.12 dev"
        );
    }

    #[test]
    fn requirements_are_read_line_by_line() {
        let text = "# web\nFlask==3.0  # the app\n-r other.txt\n\ngunicorn>=20 \\\n    --hash=sha256:abc\n# scaleproof: ignore[x] why\nwhat is this\n";
        let extracted = read("requirements.txt", text);
        assert_eq!(
            render(&extracted.facts),
            "2:1 dependency flask ==3.0\n5:1 dependency gunicorn >=20\n7:1 directive ignore[x] why (own line)"
        );
        assert_eq!(extracted.problems.len(), 1);
        assert_eq!(extracted.problems[0].to_string(), "requirements.txt:8:1: not a requirement: `what is this`");
        assert!(render(&read("requirements-dev.txt", "pytest\n").facts).ends_with("pytest  dev"));
    }

    #[test]
    fn pyproject_is_read_in_both_of_its_forms() {
        let text = "[project]\ndependencies = [\n  \"Flask>=2\",\n  \"redis\",\n]\n[project.optional-dependencies]\ndev = [\"pytest\"]\nasync = [\"anyio\"]\n\
                    [tool.poetry.dependencies]\npython = \"^3.11\"\nDjango = { version = \"^5\", extras = [\"x\"] }\n[tool.poetry.group.test.dependencies]\nfaker = \"*\"\n";
        let extracted = read("pyproject.toml", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "3:3 dependency flask >=2\n4:3 dependency redis \n7:8 dependency pytest  dev\n8:10 dependency anyio \n\
             11:1 dependency django ^5\n13:1 dependency faker * dev"
        );
    }

    #[test]
    fn cargo_toml_names_packages_and_not_their_aliases() {
        let text = "[dependencies]\naxum = \"0.8\"\nwe = { package = \"tower-sessions\", version = \"0.14\" }\nlocal = { path = \"../x\" }\n\
                    [dev-dependencies]\ninsta = \"1\"\n[target.'cfg(unix)'.dependencies]\nrustix = \"1\"\n[workspace.dependencies]\nserde = \"1\"\n";
        assert_eq!(
            render(&read("Cargo.toml", text).facts),
            "2:1 dependency axum 0.8\n3:1 dependency tower-sessions 0.14\n4:1 dependency local \n6:1 dependency insta 1 dev\n\
             8:1 dependency rustix 1\n10:1 dependency serde 1"
        );
    }

    #[test]
    fn go_mod_names_modules_that_the_project_itself_needs() {
        let text = "module example.org/shop\n\ngo 1.23\n\nrequire github.com/gin-gonic/gin v1.10.0 // scaleproof: ignore[x] why\nrequire (\n\
                    \tgithub.com/robfig/cron/v3 v3.0.1\n\tgolang.org/x/text v0.1.0 // indirect\n)\nreplace (\n\ta => ../a\n)\nexclude b v1.0.0\n";
        let extracted = read("go.mod", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "5:9 dependency github.com/gin-gonic/gin v1.10.0\n7:2 dependency github.com/robfig/cron/v3 v3.0.1\n\
             5:42 directive ignore[x] why"
        );
        let broken = read("go.mod", "require (\n\tgithub.com/a/b\n").problems;
        let told: Vec<_> = broken.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(told, ["go.mod:2:2: not a requirement: `github.com/a/b`", "go.mod:1:1: `require (` is not closed"]);
    }

    #[test]
    fn projects_of_msbuild_name_packages_and_their_kind() {
        let text = "<Project Sdk=\"Microsoft.NET.Sdk.Web\">\n  <ItemGroup>\n    <PackageReference Include=\"Hangfire.Core\" Version=\"1.8.0\" />\n\
                    \x20   <PackageReference Include=\"Quartz\"><Version>3.8</Version></PackageReference> <!-- scaleproof: ignore[x] why -->\n\
                    \x20   <PackageVersion Include=\"A\" Version=\"1\" /><PackageReference Update=\"B\" /><Compile Include=\"c.cs\" />\n\
                    \x20   <FrameworkReference Include=\"Microsoft.AspNetCore.App\" />\n    <PackageReference Include=\"S\" PrivateAssets=\"all\" />\n  </ItemGroup>\n</Project>\n";
        let extracted = read("src/Shop.csproj", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "1:10 dependency Microsoft.NET.Sdk.Web \n3:5 dependency Hangfire.Core 1.8.0\n4:5 dependency Quartz 3.8\n5:5 dependency A 1\n\
             6:5 dependency Microsoft.AspNetCore.App \n7:5 dependency S  dev\n4:82 directive ignore[x] why"
        );
        let old = read("packages.config", "<packages>\n  <package id=\"Quartz\" version=\"2.0\" />\n</packages>");
        assert_eq!(render(&old.facts), "2:3 dependency Quartz 2.0");
    }

    #[test]
    fn a_gemfile_names_gems_with_their_groups() {
        let text = "source \"https://example.org\"\nruby '3.3'\n\ngem 'rails', '~> 7.1', \">= 7.1.2\" # web\ngem \"redis\"\ngem 'puma', require: false\n# gem 'no'\n\
                    group :development, :test do\n  gem 'rspec', '3'\n  platforms :ruby do\n    gem 'byebug'\n  end\nend\n\
                    gem 'faker', '~> 3', group: :test\ngem 'x', groups: [:development, :test]\ngem(\"y\", :group => :production)\n\
                    if ENV['E'] # scaleproof: ignore[x] why\n  gem 'z'\nend\ngem 'last'\n";
        let extracted = read("Gemfile", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "4:1 dependency rails ~> 7.1, >= 7.1.2\n5:1 dependency redis \n6:1 dependency puma \n9:3 dependency rspec 3 dev\n\
             11:5 dependency byebug  dev\n14:1 dependency faker ~> 3 dev\n15:1 dependency x  dev\n16:1 dependency y \n\
             18:3 dependency z \n20:1 dependency last \n17:13 directive ignore[x] why"
        );
    }

    #[test]
    fn a_lock_file_tells_the_versions_of_what_was_asked_for() {
        let text = "GEM\n  remote: https://example.org/\n  specs:\n    rack (3.0.8)\n    rails (7.1.2)\n      rack (>= 2)\n\nPLATFORMS\n  ruby\n\n\
                    DEPENDENCIES\n  rails (~> 7.1)\n  own!\n\nBUNDLED WITH\n   2.5.3\n";
        assert_eq!(render(&read("Gemfile.lock", text).facts), "12:3 dependency rails 7.1.2\n13:3 dependency own ");
    }

    #[test]
    fn a_gem_names_what_it_needs() {
        let text = "Gem::Specification.new do |s|\n  s.name = 'x'\n  s.add_dependency 'rack', '>= 2'\n  s.add_runtime_dependency(\"puma\")\n  s.add_development_dependency 'rspec'\nend\n";
        assert_eq!(
            render(&read("x.gemspec", text).facts),
            "3:3 dependency rack >= 2\n4:3 dependency puma \n5:3 dependency rspec  dev"
        );
    }

    #[test]
    fn a_pom_names_artifacts_with_the_versions_of_its_properties() {
        let text = "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.2.1</version></parent>\n\
                    \x20 <groupId>shop</groupId><artifactId>app</artifactId>\n  <properties><v>2.5</v><quartz.version>${v}.1</quartz.version></properties>\n  <modules><module>web</module></modules>\n\
                    \x20 <dependencyManagement><dependencies>\n    <dependency><groupId>a</groupId><artifactId>b</artifactId><version>9</version></dependency>\n\
                    \x20   <dependency><groupId>c</groupId><artifactId>c-bom</artifactId><version>7</version><type>pom</type><scope>import</scope></dependency>\n  </dependencies></dependencyManagement>\n\
                    \x20 <dependencies>\n    <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>\n\
                    \x20   <dependency><groupId>org.quartz-scheduler</groupId><artifactId>quartz</artifactId><version>${quartz.version}</version></dependency> <!-- scaleproof: ignore[x] why -->\n\
                    \x20   <dependency><groupId>a</groupId><artifactId>b</artifactId><exclusions><exclusion><groupId>e</groupId><artifactId>f</artifactId></exclusion></exclusions></dependency>\n\
                    \x20   <dependency><groupId>c</groupId><artifactId>d</artifactId><scope>test</scope></dependency>\n    <dependency><groupId>${project.groupId}</groupId><artifactId>e</artifactId><version>${unknown}</version></dependency>\n  </dependencies>\n\
                    \x20 <build><plugins><plugin><groupId>p</groupId><artifactId>q</artifactId></plugin></plugins></build>\n</project>\n";
        let extracted = read("pom.xml", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "2:3 dependency org.springframework.boot:spring-boot-starter-parent 3.2.1\n8:5 dependency c:c-bom 7\n\
             11:5 dependency org.springframework.boot:spring-boot-starter-web 3.2.1\n12:5 dependency org.quartz-scheduler:quartz 2.5.1\n\
             13:5 dependency a:b 9\n14:5 dependency c:d 7 dev\n15:5 dependency shop:e \n12:137 directive ignore[x] why"
        );
    }

    #[test]
    fn scripts_of_gradle_name_artifacts_in_all_their_forms() {
        let text = "plugins {\n  id(\"io.ktor.plugin\") version \"3.0.1\"\n  alias(libs.plugins.x)\n}\nval exposedVersion = \"0.50\"\nval s: String by project\n\
                    dependencies {\n  implementation(\"io.ktor:ktor-server-core\") // scaleproof: ignore[x] why\n  implementation(\"org.jetbrains.exposed:exposed-core:$exposedVersion\")\n\
                    \x20 implementation(platform(\"a.b:bom:1\"))\n  implementation(\"a.b:c\") {\n    exclude(group = \"x.y\", module = \"z\")\n  }\n  testImplementation(kotlin(\"test\"))\n\
                    \x20 implementation(libs.y)\n  implementation(project(\":other\"))\n  runtimeOnly(\"com.h2database\", \"h2\", \"2.1\")\n  // implementation(\"n:o:1\")\n  implementation(\"p:q:${property(\"s\")}\")\n}\n\
                    println(\"not:one:1\")\n";
        let extracted = read("app/build.gradle.kts", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "2:3 dependency io.ktor.plugin:io.ktor.plugin.gradle.plugin 3.0.1\n8:3 dependency io.ktor:ktor-server-core \n9:3 dependency org.jetbrains.exposed:exposed-core 0.50\n\
             10:3 dependency a.b:bom 1\n11:3 dependency a.b:c 1\n14:3 dependency org.jetbrains.kotlin:kotlin-test  dev\n\
             17:3 dependency com.h2database:h2 2.1\n19:3 dependency p:q \n8:46 directive ignore[x] why"
        );
        let groovy = "buildscript {\n  ext.bootVersion = '3.1.0'\n  dependencies { classpath \"org.springframework.boot:spring-boot-gradle-plugin:${bootVersion}\" }\n}\n\
                      def pattern = ~/it's/\nsubprojects {\n  dependencies {\n    implementation 'org.springframework.boot:spring-boot-starter-web', 'e:f:1'\n\
                      \x20   implementation group: 'org.quartz-scheduler', name: 'quartz', version: '2.3.2'\n    testImplementation \"j:u:\" + bootVersion\n    compile('g:h:1@jar')\n  }\n}\n\
                      dependencyManagement { imports { mavenBom 'k:l:2' } }\n";
        let extracted = read("build.gradle", groovy);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "3:18 dependency org.springframework.boot:spring-boot-gradle-plugin 3.1.0\n8:5 dependency org.springframework.boot:spring-boot-starter-web \n8:5 dependency e:f 1\n\
             9:5 dependency org.quartz-scheduler:quartz 2.3.2\n10:5 dependency j:u 3.1.0 dev\n11:5 dependency g:h 1\n14:34 dependency k:l 2"
        );
    }

    #[test]
    fn a_version_catalog_names_artifacts_and_plugins() {
        let text = "[versions]\nktor = \"3.0\"\nboot = { strictly = \"3.3.0\" }\n[libraries]\nktor-core = { module = \"io.ktor:ktor-server-core\", version.ref = \"ktor\" }\n\
                    h2 = \"com.h2database:h2:2.1\"\nweb = { group = \"org.springframework.boot\", name = \"spring-boot-starter-web\" } # scaleproof: ignore[x] why\njunit-test = { module = \"j:u\", version = \"5\" }\n\
                    [plugins]\nboot = { id = \"org.springframework.boot\", version.ref = \"boot\" }\n";
        let extracted = read("gradle/libs.versions.toml", text);
        assert_eq!(extracted.problems, []);
        assert_eq!(
            render(&extracted.facts),
            "5:1 dependency io.ktor:ktor-server-core 3.0\n6:1 dependency com.h2database:h2 2.1\n7:1 dependency org.springframework.boot:spring-boot-starter-web 3.3.0\n\
             8:1 dependency j:u 5 dev\n10:1 dependency org.springframework.boot:org.springframework.boot.gradle.plugin 3.3.0\n7:80 directive ignore[x] why"
        );
    }

    #[test]
    fn broken_manifests_are_problems_with_their_places() {
        let cases = [
            ("package.json", "{\n  \"dependencies\": { \"a\": \"1\", }\n}", 2),
            ("pyproject.toml", "[project]\nname = \n", 2),
            ("Cargo.toml", "[dependencies]\na = \"1\"\nb = { version = \"1\"\n", 3),
            ("a.csproj", "<Project>\n  <ItemGroup>\n</Project>", 3),
            ("pom.xml", "<project>\n  <dependencies>\n</project>", 3),
            ("build.gradle", "plugins {\n}\ndependencies {\n  implementation 'a:b:1'\n", 3),
            ("build.gradle.kts", "plugins {\n}\n}\n", 3),
            ("settings.gradle", "rootProject.name =\n  'shop\n", 2),
            ("libs.versions.toml", "[versions]\na = \n", 2),
        ];
        for (path, text, line) in cases {
            let problems = read(path, text).problems;
            assert_eq!(problems.len(), 1, "{path}: {problems:?}");
            assert_eq!(problems[0].location.as_ref().unwrap().span.line, line, "{path}: {}", problems[0]);
            assert!(problems[0].excerpt.is_some(), "{path}");
        }
        assert!(render(&read("Cargo.toml", "[dependencies]\na = \"1\"\nb = [\n").facts).contains("dependency a 1"));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_crashes_nothing(text in "[\\[\\]{}\"',:=a-z0-9.\\\\\n #é-]{0,120}") {
            let named = [
                "package.json", "composer.lock", "requirements.txt", "pyproject.toml", "Cargo.toml", "go.mod", "a.csproj", "pom.xml",
                "build.gradle", "libs.versions.toml",
            ];
            for path in named {
                read(path, &text);
            }
        }
    }
}
