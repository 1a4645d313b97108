//! The words that rule files may use, for people who write them. Tests hold this table and the parsers together.

/// Words that stand in one kind of mapping, or that are the values of one key.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What the mapping or the value is, as [`Word::shape`] names it.
    pub name: &'static str,
    pub about: &'static str,
    pub words: &'static [Word],
}

/// One word: what follows it, empty for a word that is itself a value, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub word: &'static str,
    pub shape: &'static str,
    pub meaning: &'static str,
}

impl Word {
    /// The section that tells what follows the word; `None` for texts, numbers and the like.
    pub fn section(&self) -> Option<&'static Section> {
        let one = self.shape.trim_start_matches("list of ").trim_start_matches("option: ");
        SECTIONS.iter().find(|section| one == section.name || one.strip_suffix('s') == Some(section.name))
    }
}

const fn word(word: &'static str, shape: &'static str, meaning: &'static str) -> Word {
    Word { word, shape, meaning }
}

/// Everything that a rule may say, from the whole to its parts.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "rule",
        about: "The file `<family>/<id>.yaml`: an explanation first, then how to find it.",
        words: &[
            word(
                "id",
                "text",
                "the name of the pattern that is flagged, and of the file; lower-case letters, digits, `-`",
            ),
            word("title", "text", "one line, without a full stop"),
            word("severity", "severity", "how bad it is with two or more instances"),
            word("confidence", "confidence", "how sure a finding is"),
            word("breaks", "text", "the story of two requests that goes wrong"),
            word("fix", "text", "what to do about it, for this very stack"),
            word("detect", "list of clauses", "how it shows; at one place the first clause that fits speaks"),
            word("confirm", "check", "the check of `scaleproof test` that would prove it (optional)"),
            word("read", "list of texts", "the documentation that proves it, each `title: https://…`"),
        ],
    },
    Section {
        name: "clause",
        about: "A clause has one subject (`call` … `balancer`), says what it has found, and may have conditions that must all hold.",
        words: &[
            word("in", "list of languages", "languages that the clause is about; all where it is left out"),
            word("call", "patterns", "a call, constructor or decorator, by the symbol of its callee"),
            word("import", "patterns", "an import, by its module"),
            word(
                "setting",
                "patterns",
                "an assignment, or a line of configuration, by its key; nested keys are joined by dots",
            ),
            word("value", "value", "what the setting must be"),
            word("dependency", "patterns", "a dependency in a manifest, by its name"),
            word("class", "class", "a class, by its bases, its decorators or its name"),
            word("state", "state", "a binding that outlives a request and that handlers write to"),
            word("service", "service", "a service of a deployment file"),
            word("balancer", "balancer", "a group of servers of a balancer's configuration"),
            word("say", "text", "what is here, as one sentence; may use placeholders"),
            word(
                "options_at",
                "number",
                "the position, from 0, of the argument that holds the options; every argument where it is left out",
            ),
            word(
                "with",
                "option: value",
                "options of the call and what each must be; a number is a position, `a.b` an option within one, `path|0` either of two",
            ),
            word("without", "list of options", "options that the call must not have"),
            word("unless_with", "option: value", "like `with`; one that holds silences the clause"),
            word("at", "place", "where in the file the subject must stand"),
            word("path", "patterns", "files, by their paths, of which alone the clause speaks"),
            word("unless_path", "patterns", "files, by their paths, in which it stays silent"),
            word(
                "if_reaches",
                "list of conditions",
                "what the functions that the call is handed must do, themselves or through others",
            ),
            word("unless_reaches", "list of conditions", "like `if_reaches`; one that is found silences the clause"),
            word("if_function", "condition", "must hold in the function around the subject"),
            word("if_file", "condition", "must hold in the file"),
            word("if_project", "condition", "must hold somewhere in the project"),
            word(
                "unless_function",
                "condition",
                "silences the clause where it holds in the function around the subject",
            ),
            word("unless_file", "condition", "silences the clause where it holds in the file"),
            word("unless_project", "condition", "silences the clause where it holds anywhere in the project"),
            word("if_service", "service", "a service that runs the code of the subject's file, and that fits"),
            word("if_code", "condition", "for a service: must hold in a file of the code that it runs"),
            word("unless_code", "condition", "for a service: silences the clause where it holds in a file of its code"),
            word(
                "connections",
                "connections",
                "the subject makes a pool; over all instances and processes they must be more than the database takes",
            ),
            word("severity", "severity", "instead of the rule's"),
            word("confidence", "confidence", "instead of the rule's"),
            word("fix", "text", "instead of the rule's"),
            word("once", "once", "one choice stands behind all of these places: one finding is enough"),
            word(
                "fallback",
                "fallback",
                "what it weighs where the unsafe value is only what the environment or another branch falls back to; `info` where it is left out",
            ),
        ],
    },
    Section {
        name: "condition",
        about: "Something that is somewhere in the function, the file or the project. One field that fits is enough.",
        words: &[
            word("call", "patterns", "such a call"),
            word("with", "option: value", "options of that call and what each must be"),
            word("import", "patterns", "such an import"),
            word("setting", "patterns", "such a setting"),
            word("value", "value", "what that setting must be"),
            word("dependency", "patterns", "such a dependency"),
            word("below", "version", "the least version that the dependency allows is below this one: \"3.4\""),
            word("from", "version", "the least version that the dependency allows is this one or a later one"),
            word("handler", "true", "a function that answers requests, messages or events"),
            word("path", "patterns", "files, by their paths, in which it counts"),
        ],
    },
    Section {
        name: "connections",
        about: "A pool of connections. Instances, processes and what the database takes are those of the deployment.",
        words: &[
            word("to", "list of databases", "databases that it may connect to"),
            word(
                "pool",
                "list of parts",
                "what one process opens at most is their sum; one connection for each request at a time where it is left out",
            ),
        ],
    },
    Section {
        name: "part",
        about: "A number of connections. What is stated first counts: the option, the setting, the parameter, the default.",
        words: &[
            word("name", "text", "what the library calls it"),
            word("option", "option", "an option of the call, as in `with`"),
            word("setting", "patterns", "a setting of the program by its key, or a variable that means the same"),
            word("parameter", "patterns", "a parameter of the database's address: `connection_limit`"),
            word(
                "default",
                "number",
                "what it is where nothing states it; unknown where it is left out, and then the clause is silent",
            ),
        ],
    },
    Section {
        name: "database",
        about: "",
        words: &[
            word("postgres", "", "PostgreSQL, and what is built on it"),
            word("mysql", "", "MySQL, MariaDB, Percona"),
        ],
    },
    Section {
        name: "state",
        about: "It counts when a handler, or something that a handler calls, writes to it; never by its declaration alone.",
        words: &[
            word("level", "list of levels", "where it lives; everywhere where it is left out"),
            word("shape", "list of shapes", "what it holds at the beginning; any of them where it is left out"),
            word("made_by", "patterns", "instead of a shape, the callee whose result it holds: `cachetools.TTLCache`"),
            word("named", "patterns", "its name in lower case, without its class"),
            word("not_named", "patterns", "names of which the clause does not speak"),
            word("writes", "list of writes", "kinds of writing, one of which must happen"),
            word(
                "written_on",
                "list of occasions",
                "what must run the functions that write to it; all but `timer` where it is left out",
            ),
            word("read", "true or false", "must such a function read it back as well? yes where it is left out"),
            word(
                "memo",
                "true or false",
                "does it count where one function alone fills and reads it? no where it is left out",
            ),
        ],
    },
    Section {
        name: "service",
        about: "A service of a deployment file. All fields that are given must fit.",
        words: &[
            word("kind", "patterns", "what its format calls it, in lower case: `service`, `deployment`, `program`"),
            word("unless_kind", "patterns", "kinds of which the clause does not speak"),
            word("role", "list of roles", "what it is for, told from its image, command and name"),
            word("beside", "list of roles", "roles, one of which another service of its file has"),
            word("instances", "number", "the fewest instances that it runs, or that an autoscaler may make of it"),
            word("at_most", "number", "the most instances that it may run"),
            word("processes", "number", "the fewest worker processes in each instance"),
            word(
                "processes_at_most",
                "number",
                "the most worker processes in each instance, one where nothing states a number",
            ),
            word(
                "beyond_processors",
                "true or false",
                "it states more processes than twice the processors that its limit gives it, and one; the finding is at the number",
            ),
            word(
                "beyond_autoscaler",
                "true or false",
                "it states more instances than its autoscaler makes of it; the finding is at the number",
            ),
            word("image", "patterns", "images of which alone the clause speaks"),
            word("unless_image", "patterns", "images of which the clause does not speak"),
            word("command", "patterns", "its command line, words joined by blanks; the finding is there"),
            word("unless_command", "patterns", "command lines of which the clause does not speak"),
            word("mount", "patterns", "places in the container that it mounts and may write to; the finding is there"),
            word("unless_mount", "patterns", "mounted places of which the clause does not speak"),
            word("sharing", "list of sharings", "who shares what is mounted; anyone where it is left out"),
            word("unless_source", "patterns", "paths of the host and volumes of which the clause does not speak"),
            word("no_health_check", "true", "it states no health check, and no balancer that lists it makes one"),
            word(
                "balancer_check",
                "list of health checks",
                "how the balancers that list it learn that it cannot answer; any where it is left out",
            ),
            word("container_name", "true", "it has a fixed container name; the finding is there"),
            word(
                "host_port",
                "true",
                "it publishes one port of the host for all of its instances; the finding is there",
            ),
            word("no_port", "true", "it has no port at which requests could reach it"),
            word("unless_environment", "patterns", "variables; a service that has one is not meant"),
            word(
                "environment",
                "option: value",
                "variables of its environment, by patterns of their names, and what each must be; the finding is at the first",
            ),
            word("host_network", "true", "it is in the network of its host; the finding is there"),
            word(
                "affinity",
                "list of affinity keys",
                "what keeps the requests of one client together; the finding is there",
            ),
            word("declared_singleton", "true", "scaleproof.yaml lists it under `singletons`"),
            word(
                "with",
                "option: value",
                "its settings, by key patterns, and what each must be; the finding is at the first",
            ),
            word(
                "cut_short",
                "known",
                "it is killed before its program has given up what it works on; the finding is at one of both times",
            ),
            word(
                "alike",
                "true",
                "of the variables and settings that are asked for, two of its instances have the same value",
            ),
            word(
                "same",
                "list of texts",
                "parts of keys: what it says under the first it also says under the second; the finding is at the first",
            ),
            word("without", "patterns", "settings that it must not have"),
            word("unless_with", "option: value", "like `with`; one that holds silences the clause"),
        ],
    },
    Section {
        name: "balancer",
        about: "A group of servers among which a balancer chooses. All fields that are given must fit.",
        words: &[
            word("at_least", "number", "the fewest servers that it lists"),
            word("at_most", "number", "the most servers that it lists"),
            word(
                "affinity",
                "list of affinity keys",
                "what keeps the requests of one client together; the finding is there",
            ),
            word("health_check", "list of health checks", "how it learns that a server cannot answer"),
            word(
                "absent_server",
                "true",
                "a server that it lists is none of the services beside it; the finding is there",
            ),
            word("missing_server", "true", "it lists some of the copies of a service and not all"),
            word(
                "server_instances",
                "number",
                "the fewest instances of a service that one of its servers stands for; the finding is at the server",
            ),
            word("route", "patterns", "what tells the requests of one of its routes; the finding is at the route"),
            word("route_with", "option: value", "settings of this route, by key patterns; the finding is at the first"),
            word("route_without", "patterns", "settings that this route must not have"),
            word(
                "unless_route_with",
                "option: value",
                "like `route_with`; one that holds silences the clause for the route",
            ),
            word(
                "with",
                "option: value",
                "its settings, by key patterns, and what each must be; the finding is at the first",
            ),
            word("without", "patterns", "settings that it must not have"),
            word("unless_with", "option: value", "like `with`; one that holds silences the clause"),
            word("server_with", "option: value", "settings of one of its servers; the finding is there"),
            word("server_without", "patterns", "settings of which one of its servers has none; the finding is there"),
        ],
    },
    Section {
        name: "class",
        about: "All fields that are given must fit.",
        words: &[
            word("extends", "patterns", "what it extends, implements or mixes in, also through classes of the project"),
            word("decorated", "patterns", "a decorator, annotation or attribute that it has"),
            word("named", "patterns", "its name"),
        ],
    },
    Section {
        name: "value",
        about: "One field that fits is enough. `true` and `false` are short for `is`, a text, a number or a list of texts for `text`.",
        words: &[
            word("text", "patterns", "a literal text or number; letter case does not count"),
            word("except", "patterns", "texts that do not count after all"),
            word("is", "true or false", "a literal truth value"),
            word("made_by", "patterns", "the result of such a call, or a symbol of that name"),
            word("given", "true", "anything but nothing, `null` and `false`"),
            word("nothing", "true", "nothing: left out, `null`, `false`"),
        ],
    },
    Section {
        name: "entry point",
        about: "A file `entry-points/<any>.yaml`: a list of ways in which a framework is told about handlers.",
        words: &[
            word("name", "text", "the framework"),
            word("in", "list of languages", "languages that it is about"),
            word("on", "occasion", "what runs the functions"),
            word("objects", "objects", "how many objects of the class the framework keeps"),
            word("call", "patterns", "a call or decorator that is handed functions"),
            word("path", "option", "position or keyword of the route's path among its arguments"),
            word("path_like", "value", "what the path must look like, where the callee alone does not tell"),
            word("method", "text", "the HTTP method, where the callee does not end with it"),
            word("within", "true", "functions named by calls within this one count as well"),
            word("functions", "patterns", "functions by their own names; with `class`, the methods that are meant"),
            word("files", "patterns", "files, by their paths, in which `functions` are handlers"),
            word("class", "class", "all methods of such a class, or those that `functions` names"),
            word("code", "code", "a function, or a file outside of all functions, by what it does"),
            word(
                "memory",
                "memory",
                "how long the memory of a program lasts, where that is less than the program runs",
            ),
            word("if_file", "condition", "it counts only in files where this holds"),
            word("unless_file", "condition", "it counts only in files where this does not hold"),
            word("if_project", "condition", "it counts only in projects where this holds"),
            word("unless_project", "condition", "it counts only in projects where this does not hold"),
        ],
    },
    Section {
        name: "code",
        about: "In an entry point: one field that fits is enough.",
        words: &[
            word("reads", "patterns", "it reads such a variable"),
            word("calls", "patterns", "it makes such a call"),
        ],
    },
    Section {
        name: "pattern",
        about: "A text, or a list of texts of which one must fit.",
        words: &[
            word("*", "", "any characters, none included; `*` alone fits everything"),
            word("express-session", "", "what a module exports as a whole"),
            word("flask.Flask().route", "", "a member of what a call returns, whatever the variables are called"),
            word(
                "~Shop().items",
                "",
                "something that the project itself declares: a member of an object of its class `Shop`",
            ),
            word("setInterval", "", "a global or builtin of the language"),
        ],
    },
    Section {
        name: "placeholder",
        about: "In `say`, in braces.",
        words: &[
            word("name", "", "the name of the state, the setting or the class"),
            word("callee", "", "what is called, as the code writes it"),
            word("service", "", "the name of the service"),
            word("replicas", "", "how many instances the service runs: `3`, or `several` where no file counts them"),
            word(
                "times",
                "",
                "the same after `runs`: `3 times`, `several times`, `up to 5 times` where an autoscaler decides",
            ),
            word("value", "", "the value of the setting or the command"),
            word("routes", "", "the routes whose handlers reach it; \"handlers\" where none is known"),
        ],
    },
    Section {
        name: "severity",
        about: "Assuming two or more instances.",
        words: &[
            word("error", "", "wrong results, lost or duplicated data or effects"),
            word("warning", "", "degraded, stale, weakened"),
            word("info", "", "worth knowing"),
        ],
    },
    Section {
        name: "confidence",
        about: "",
        words: &[
            word("high", "", "the symbol is resolved, and the unsafe option is literal or a documented default"),
            word("medium", "", "absence proven over the project, or state that a handler changes"),
            word("low", "", "a guess; shown only with `--pedantic`"),
        ],
    },
    Section {
        name: "check",
        about: "Checks of `scaleproof test`.",
        words: &[
            word("port", "", "copies start side by side"),
            word("session-cross", "", "a session that one replica began is known to the others"),
            word("ryw", "", "what was written through one replica is read through another"),
            word("fs-isolated", "", "no replica leaves data on its own disk that others need"),
            word("distribution", "", "balanced requests spread"),
        ],
    },
    Section {
        name: "language",
        about: "Languages and kinds of files, behind `in`.",
        words: &[
            word("python", "", "Python"),
            word("javascript", "", "JavaScript and TypeScript, JSX and TSX"),
            word("rust", "", "Rust"),
            word("go", "", "Go"),
            word("java", "", "Java"),
            word("kotlin", "", "Kotlin"),
            word("ruby", "", "Ruby"),
            word("php", "", "PHP"),
            word("csharp", "", "C#"),
            word("compose", "", "Compose files"),
            word("procfile", "", "Procfiles"),
            word("gunicorn", "", "configuration files of gunicorn"),
            word("kubernetes", "", "manifests of Kubernetes and kustomizations"),
            word("helm", "", "Helm charts"),
            word(
                "platform",
                "",
                "files of platforms: app.json, heroku.yml, fly.toml, render.yaml, railway.toml, amvera.yml, tako.yaml",
            ),
            word("terraform", "", "Terraform"),
            word("supervisor", "", "configuration files of supervisor"),
            word("systemd", "", "units of systemd"),
            word("cron", "", "crontabs"),
            word("workers", "", "configuration files of uWSGI, Passenger, PHP-FPM and pm2"),
            word("nginx", "", "nginx"),
            word("haproxy", "", "HAProxy"),
            word("traefik", "", "Traefik"),
            word("caddy", "", "Caddyfiles"),
            word("envoy", "", "Envoy"),
            word("manifest", "", "manifests of dependencies: package.json, pyproject.toml, go.mod …"),
            word("settings", "", "files that configure the program: .env, application.yml, php.ini …"),
        ],
    },
    Section {
        name: "sharing",
        about: "Who sees what is written to a mounted place.",
        words: &[
            word("bind", "", "instances on one host: it is a path of the host"),
            word("host", "", "instances on one host: a named volume, a claim that is ReadWriteOnce"),
            word("own", "", "one instance and what takes its place: a volume claim template, a volume of fly.io"),
            word("ephemeral", "", "one instance as long as it lives: emptyDir, tmpfs"),
            word("network", "", "all instances: NFS, a claim that is ReadWriteMany"),
            word("unknown", "", "no file says"),
        ],
    },
    Section {
        name: "health check",
        about: "How a balancer learns that a server cannot answer.",
        words: &[
            word("none", "", "it does not: such a server gets its share of the requests"),
            word("passive", "", "from requests of users that failed there"),
            word("active", "", "it asks"),
        ],
    },
    Section {
        name: "known",
        about: "Where two numbers must be known from.",
        words: &[word("stated", "", "one of them at least is stated"), word("default", "", "both may be defaults")],
    },
    Section {
        name: "affinity key",
        about: "What tells clients apart.",
        words: &[
            word("cookie", "", "a cookie that the balancer sets or reads"),
            word("address", "", "the address of the client"),
            word("request", "", "a header, a part of the URL, or anything else of the request"),
        ],
    },
    Section {
        name: "place",
        about: "",
        words: &[
            word("anywhere", "", "wherever it is; so it is where `at` is left out"),
            word("module", "", "outside of every function"),
            word("handler", "", "in a handler, or in something that a handler calls"),
            word("startup", "", "anywhere but in handlers and in what they call"),
        ],
    },
    Section {
        name: "once",
        about: "",
        words: &[
            word("file", "", "one finding a file, which names the other places"),
            word("project", "", "one finding for the project, which names the other places"),
        ],
    },
    Section {
        name: "fallback",
        about: "",
        words: &[
            word("silent", "", "nothing is said"),
            word("info", "", "worth knowing"),
            word("warning", "", "a warning"),
            word("error", "", "an error"),
        ],
    },
    Section {
        name: "level",
        about: "",
        words: &[
            word("module", "", "a binding of the module, package or crate"),
            word("class-static", "", "an attribute of a class, a static field"),
            word("instance", "", "a field of an object that is made once, outside of the handlers"),
            word("closure", "", "a local that an inner function captures"),
        ],
    },
    Section {
        name: "shape",
        about: "",
        words: &[
            word("map", "", "a dictionary, object or map"),
            word("list", "", "a list, array or queue"),
            word("set", "", "a set"),
            word("number", "", "a number"),
            word("text", "", "a text"),
            word("bool", "", "a truth value"),
            word("null", "", "nothing yet"),
        ],
    },
    Section {
        name: "write",
        about: "",
        words: &[
            word("read", "", "it is read"),
            word("insert", "", "an element is put in: `x[k] = v`, `append`, `push`, `set`"),
            word("remove", "", "an element is taken out: `del x[k]`, `pop`, `delete`"),
            word("clear", "", "all elements are taken out"),
            word("assign", "", "the binding itself gets another value"),
            word("increment", "", "it counts: `x += 1`"),
        ],
    },
    Section {
        name: "occasion",
        about: "What runs a handler, behind `on` and `written_on`.",
        words: &[
            word("request", "", "an HTTP request"),
            word("message", "", "a message of a chat, a queue or a topic"),
            word("event", "", "an event of a library: a connection, a change"),
            word("websocket", "", "something on a WebSocket"),
            word("timer", "", "a clock"),
        ],
    },
    Section {
        name: "objects",
        about: "",
        words: &[
            word("one", "", "one for the whole process: its fields outlive a request"),
            word("each", "", "a new one for each request or message"),
        ],
    },
    Section {
        name: "memory",
        about: "",
        words: &[word("request", "", "it is gone after each request, as that of PHP is")],
    },
    Section {
        name: "role",
        about: "",
        words: &[
            word("web", "", "it answers requests"),
            word("worker", "", "it works on jobs"),
            word("cron", "", "it runs things by the clock"),
            word("bot", "", "it talks to a chat"),
            word("database", "", "it keeps data"),
            word("cache", "", "it keeps copies of data"),
            word("broker", "", "it hands over messages"),
            word("balancer", "", "it spreads requests"),
            word("static", "", "it serves files"),
            word("unknown", "", "nothing tells"),
        ],
    },
];

#[cfg(test)]
mod tests;
