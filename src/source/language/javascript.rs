//! JavaScript and TypeScript by tree-sitter; JSX in both.

use std::borrow::Cow;
use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::dialect::Dialect;
use super::grammar::{self, DEPTH, Grammar, fields, kinds, slice};
use super::lines::Lines;
use super::tree::{
    Assign, Call, Class, Declare, Form, Function, Import, Imported, Node, Parameter, Pattern, Place, SPREAD,
};
use super::{Adapter, Extracted, emit};
use crate::model::fact::{AccessKind, FileFacts, Language, Shape};

pub(super) const JAVASCRIPT: Adapter = Adapter {
    language: Language::JavaScript,
    extensions: &["js", "jsx", "mjs", "cjs"],
    extract: |path, text| extract(&SCRIPT, &JS, path, text),
    module_candidates,
};

pub(super) const TYPESCRIPT: Adapter = Adapter {
    language: Language::TypeScript,
    extensions: &["ts", "mts", "cts"],
    extract: |path, text| extract(&TYPED, &TS, path, text),
    module_candidates,
};

pub(super) const TSX: Adapter = Adapter {
    language: Language::TypeScript,
    extensions: &["tsx"],
    extract: |path, text| extract(&TYPED_JSX, &TS, path, text),
    module_candidates,
};

static JS: Dialect = Dialect {
    language: Language::JavaScript,
    methods: &[
        ("push", AccessKind::Insert),
        ("unshift", AccessKind::Insert),
        ("add", AccessKind::Insert),
        ("set", AccessKind::Insert),
        ("put", AccessKind::Insert),
        ("mset", AccessKind::Insert),
        ("enqueue", AccessKind::Insert),
        ("fill", AccessKind::Insert),
        ("sort", AccessKind::Insert),
        ("reverse", AccessKind::Insert),
        ("pop", AccessKind::Remove),
        ("shift", AccessKind::Remove),
        ("splice", AccessKind::Remove),
        ("delete", AccessKind::Remove),
        ("del", AccessKind::Remove),
        ("dequeue", AccessKind::Remove),
        ("clear", AccessKind::Clear),
        ("flushAll", AccessKind::Clear),
        ("get", AccessKind::Read),
        ("has", AccessKind::Read),
        ("values", AccessKind::Read),
        ("entries", AccessKind::Read),
        ("keys", AccessKind::Read),
        ("forEach", AccessKind::Read),
        ("find", AccessKind::Read),
        ("filter", AccessKind::Read),
        ("map", AccessKind::Read),
    ],
    handles: &[],
    references: &["get", "find", "at", "values", "entries"],
    mutators: &[("Object.assign", AccessKind::Insert), ("Reflect.deleteProperty", AccessKind::Remove)],
    constructors: &[
        ("Map", Shape::Map),
        ("Object", Shape::Map),
        ("Object.create", Shape::Map),
        ("Set", Shape::Set),
        ("Array", Shape::List),
        ("Array.from", Shape::List),
        ("Number", Shape::Number),
        ("parseInt", Shape::Number),
        ("Date.now", Shape::Number),
        ("String", Shape::Text),
        ("Boolean", Shape::Bool),
    ],
    environment_calls: &["Deno.env.get", "Bun.env.get"],
    environment_objects: &["process.env", "import.meta.env", "Bun.env"],
    environment_passes: &["trim", "toLowerCase", "toString"],
    environment_fallbacks: &[],
    loaders: &["require", "import"],
    roots: &[],
    is_project_module: |symbol| symbol.starts_with('.') || symbol.starts_with("@/") || symbol.starts_with("~/"),
};

static TS: Dialect = Dialect { language: Language::TypeScript, ..JS };

kinds! {
    Identifier = "identifier" | "undefined",
    This = "this",
    Member = "member_expression" | "nested_identifier",
    Subscript = "subscript_expression",
    Call = "call_expression",
    New = "new_expression",
    String = "string",
    Template = "template_string",
    Substitution = "template_substitution",
    Number = "number",
    True = "true",
    False = "false",
    Null = "null",
    Array = "array",
    Object = "object",
    Pair = "pair",
    Shorthand = "shorthand_property_identifier" | "shorthand_property_identifier_pattern",
    Spread = "spread_element",
    Function = "function_expression" | "generator_function",
    FunctionDeclaration = "function_declaration" | "generator_function_declaration",
    Arrow = "arrow_function",
    Method = "method_definition",
    Class = "class_declaration" | "abstract_class_declaration" | "class",
    ClassBody = "class_body",
    Field = "field_definition" | "public_field_definition",
    Lexical = "lexical_declaration",
    Variable = "variable_declaration",
    Declarator = "variable_declarator",
    Assignment = "assignment_expression",
    Augmented = "augmented_assignment_expression",
    Update = "update_expression",
    Unary = "unary_expression",
    Binary = "binary_expression",
    Ternary = "ternary_expression",
    Through = "await_expression" | "parenthesized_expression" | "as_expression" | "satisfies_expression"
        | "non_null_expression" | "type_assertion" | "instantiation_expression",
    Import = "import_statement",
    ImportClause = "import_clause",
    NamedImports = "named_imports",
    NamespaceImport = "namespace_import",
    ImportSpecifier = "import_specifier",
    ImportRequire = "import_require_clause",
    ImportWord = "import",
    Export = "export_statement",
    ExportClause = "export_clause",
    ForIn = "for_in_statement",
    Block = "statement_block" | "for_statement" | "switch_body",
    Catch = "catch_clause",
    ObjectPattern = "object_pattern",
    ArrayPattern = "array_pattern",
    PairPattern = "pair_pattern",
    ObjectDefault = "object_assignment_pattern",
    Default = "assignment_pattern",
    Rest = "rest_pattern",
    Parameter = "required_parameter" | "optional_parameter",
    Accessibility = "accessibility_modifier" | "override_modifier",
    Decorator = "decorator",
    TypeIdentifier = "type_identifier",
    NestedType = "nested_type_identifier",
    GenericType = "generic_type",
    UnionType = "union_type",
    ComputedName = "computed_property_name",
    Skipped = "comment" | "type_annotation" | "type_arguments" | "type_parameters" | "interface_declaration"
        | "type_alias_declaration" | "ambient_declaration" | "function_signature" | "method_signature"
        | "abstract_method_signature" | "index_signature" | "implements_clause" | "predefined_type" | "regex"
        | "jsx_text" | "property_identifier" | "statement_identifier" | "asserts_annotation" | "jsx_closing_element"
        | "type_predicate_annotation" | "html_comment" | "hash_bang_line" | "literal_type" | "object_type"
        | "array_type" | "function_type" | "intersection_type" | "lookup_type" | "conditional_type",
}

fields! {
    alias, alternative, argument, arguments, body, condition, consequence, constructor, function,
    index, key, kind, left, name, object, operator, parameter, parameters, pattern, property, right, source, r#type, value
}

type Tables = LazyLock<(Grammar<Kind>, Fields)>;

static SCRIPT: Tables = LazyLock::new(|| tables(tree_sitter_javascript::LANGUAGE));
static TYPED: Tables = LazyLock::new(|| tables(tree_sitter_typescript::LANGUAGE_TYPESCRIPT));
static TYPED_JSX: Tables = LazyLock::new(|| tables(tree_sitter_typescript::LANGUAGE_TSX));

fn tables(language: impl Into<tree_sitter::Language>) -> (Grammar<Kind>, Fields) {
    let grammar = Grammar::new(language, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
}

fn extract(tables: &'static Tables, dialect: &'static Dialect, path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let (grammar, fields) = &**tables;
    let Some(syntax) = grammar::parse(&grammar.language, text) else {
        return Extracted::nothing(FileFacts::empty(path, dialect.language));
    };
    let mut lower = Lower { grammar, fields, text, depth: 0, too_deep: None };
    let tree = lower.node(syntax.root_node());
    let mut facts = emit::facts(&tree, dialect, path, &lines);
    facts.directives = grammar::directives(&syntax, text, &lines);
    let mut problems: Vec<_> = grammar::first_error(&syntax, path, text, &lines).into_iter().collect();
    problems.extend(lower.too_deep.map(|at| grammar::too_deep(at, path, text, &lines)));
    Extracted { facts, problems }
}

const ENDINGS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];

/// The files that `module`, imported in `from`, may be. A package is none of them.
fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    if let Some(inner) = module.strip_prefix("@/").or_else(|| module.strip_prefix("~/")) {
        // By custom `@/` is the folder of the sources.
        parts.push("src");
        parts.extend(inner.split('/'));
    } else if module.starts_with('.') {
        parts.extend(folder.split('/').filter(|part| !part.is_empty()));
        for part in module.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    if parts.pop().is_none() {
                        return Vec::new();
                    }
                }
                part => parts.push(part),
            }
        }
    } else {
        return Vec::new();
    }
    let stem = parts.join("/");
    let mut found = vec![stem.clone()];
    // TypeScript's modules are imported by the name that they will have as JavaScript.
    if let Some(bare) = [".js", ".mjs", ".cjs", ".jsx"].iter().find_map(|ending| stem.strip_suffix(ending)) {
        found.extend(["ts", "tsx", "mts", "cts"].iter().map(|ending| format!("{bare}.{ending}")));
    }
    found.extend(ENDINGS.iter().map(|ending| format!("{stem}.{ending}")));
    let inside = if stem.is_empty() { String::new() } else { format!("{stem}/") };
    found.extend(ENDINGS.iter().map(|ending| format!("{inside}index.{ending}")));
    found
}

struct Lower<'t> {
    grammar: &'static Grammar<Kind>,
    fields: &'static Fields,
    text: &'t str,
    depth: u32,
    too_deep: Option<u32>,
}

impl<'t> Lower<'t> {
    fn slice(&self, node: Syntax<'_>) -> &'t str {
        slice(self.text, node)
    }

    fn kind(&self, node: Syntax<'_>) -> Kind {
        self.grammar.kind(node).unwrap_or(Kind::Unlisted)
    }

    fn children(&self, node: Syntax<'t>) -> Vec<Syntax<'t>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).filter(|child| self.kind(*child) != Kind::Skipped).collect()
    }

    fn nodes(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        self.children(node).into_iter().map(|child| self.node(child)).collect()
    }

    fn field(&mut self, node: Syntax<'t>, field: u16) -> Option<Node<'t>> {
        node.child_by_field_id(field).map(|child| self.node(child))
    }

    fn required(&mut self, node: Syntax<'t>, field: u16) -> Node<'t> {
        let at = node.start_byte() as u32;
        self.field(node, field).unwrap_or_else(|| Node::new(at, at, Form::Other(Vec::new())))
    }

    fn boxed(&mut self, node: Syntax<'t>, field: u16) -> Box<Node<'t>> {
        Box::new(self.required(node, field))
    }

    fn name(&self, node: Syntax<'t>, field: u16) -> &'t str {
        node.child_by_field_id(field).map_or("", |name| self.slice(name))
    }

    fn node(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        if self.depth >= DEPTH {
            self.too_deep.get_or_insert(start);
            return Node::new(start, end, Form::Other(Vec::new()));
        }
        self.depth += 1;
        let form = self.form(node);
        self.depth -= 1;
        Node::new(start, end, form)
    }

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier | Kind::Shorthand => self.identifier(node),
            Kind::ImportWord => Form::Name("import"),
            Kind::This => Form::This,
            Kind::Member => self.member(node),
            Kind::Subscript => Form::Index(self.boxed(node, self.fields.object), self.boxed(node, self.fields.index)),
            Kind::Call => self.call(node, self.fields.function),
            Kind::New => self.call(node, self.fields.constructor),
            Kind::String => self.string(node),
            Kind::Template => self.template(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::Null => Form::Null,
            Kind::Array => Form::List(self.nodes(node)),
            Kind::Object => self.object(node),
            Kind::Function | Kind::FunctionDeclaration | Kind::Arrow => self.function(node),
            Kind::Method => self.method(node),
            Kind::Class => self.class(node),
            Kind::Field => self.class_field(node),
            Kind::Lexical => self.declarations(node, Place::Block),
            Kind::Variable => self.declarations(node, Place::Function),
            Kind::Assignment => self.assignment(node),
            Kind::Augmented => self.augmented(node),
            Kind::Update => self.update(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Ternary => self.ternary(node),
            Kind::Through | Kind::Spread | Kind::Substitution => self.through(node),
            Kind::Import => self.import(node),
            Kind::Export => self.export(node),
            Kind::ForIn => self.for_in(node),
            Kind::Block => Form::block(self.nodes(node)),
            Kind::Catch => self.catch(node),
            _ => Form::Other(self.nodes(node)),
        }
    }

    fn identifier(&self, node: Syntax<'t>) -> Form<'t> {
        match self.slice(node) {
            "undefined" => Form::Null,
            name => Form::Name(name),
        }
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        // The value comes first; a type may follow, or stand before it in `<T>x`.
        let inner = self.children(node).into_iter().find(|child| !self.is_type(*child));
        inner.map_or(Form::Other(Vec::new()), |inner| Form::Through(Box::new(self.node(inner))))
    }

    fn is_type(&self, node: Syntax<'_>) -> bool {
        matches!(self.kind(node), Kind::TypeIdentifier | Kind::NestedType | Kind::GenericType | Kind::UnionType)
    }

    fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Member(self.boxed(node, self.fields.object), self.name(node, self.fields.property))
    }

    fn call(&mut self, node: Syntax<'t>, callee: u16) -> Form<'t> {
        let callee = self.required(node, callee);
        let mut arguments = Vec::new();
        match node.child_by_field_id(self.fields.arguments) {
            Some(template) if self.kind(template) == Kind::Template => arguments.push((None, self.node(template))),
            Some(list) => {
                for child in self.children(list) {
                    let name = (self.kind(child) == Kind::Spread).then_some(SPREAD);
                    arguments.push((name, self.node(child)));
                }
            }
            None => {}
        }
        Form::Call(Box::new(Call { callee, arguments }))
    }

    fn string(&self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        Form::Text(grammar::unescaped(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()))
    }

    fn template(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let computed: Vec<_> = children.into_iter().filter(|child| self.kind(*child) == Kind::Substitution).collect();
        if computed.is_empty() {
            return self.string(node);
        }
        Form::Other(computed.into_iter().map(|child| self.node(child)).collect())
    }

    /// The text of a property's key; `None` when it is computed.
    fn key(&self, node: Syntax<'t>) -> Option<Cow<'t, str>> {
        match self.kind(node) {
            Kind::String => match self.string(node) {
                Form::Text(text) => Some(text),
                _ => None,
            },
            Kind::ComputedName => None,
            _ => Some(Cow::Borrowed(self.slice(node))),
        }
    }

    fn object(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Pair => {
                    let Some(key_node) = child.child_by_field_id(self.fields.key) else { continue };
                    let value = self.required(child, self.fields.value);
                    match self.key(key_node) {
                        Some(key) => entries.push((key, value)),
                        None => {
                            let key = self.node(key_node);
                            let (start, end) = (key.start, value.end);
                            entries.push((Cow::Borrowed(""), Node::new(start, end, Form::Other(vec![key, value]))));
                        }
                    }
                }
                Kind::Shorthand => entries.push((Cow::Borrowed(self.slice(child)), self.node(child))),
                Kind::Method => {
                    let name = self.name(child, self.fields.name);
                    let function = self.plain_function(child, "");
                    let (start, end) = (child.start_byte() as u32, child.end_byte() as u32);
                    entries.push((Cow::Borrowed(name), Node::new(start, end, Form::Function(Box::new(function)))));
                }
                Kind::Spread => entries.push((Cow::Borrowed(SPREAD), self.node(child))),
                _ => {}
            }
        }
        Form::Map(entries)
    }

    // Functions and classes

    fn plain_function(&mut self, node: Syntax<'t>, name: &'t str) -> Function<'t> {
        let mut function = Function::new(name);
        if let Some(parameter) = node.child_by_field_id(self.fields.parameter) {
            let pattern = self.pattern(parameter);
            function.parameters.push(Parameter { pattern, annotation: None, default: None, shape: None });
        }
        if let Some(list) = node.child_by_field_id(self.fields.parameters) {
            function.parameters = self.children(list).into_iter().filter_map(|child| self.parameter(child)).collect();
        }
        function.body.extend(self.field(node, self.fields.body));
        function
    }

    fn function(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        Form::Function(Box::new(self.plain_function(node, name)))
    }

    fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let mut function = self.plain_function(node, name);
        function.is_static = self.has_word(node, "static");
        function.exported = true;
        if name == "constructor" {
            let fields = self.parameter_properties(node);
            function.body.splice(0..0, fields);
        }
        Form::Function(Box::new(function))
    }

    /// `constructor(private store: Store)` declares the field `store`.
    fn parameter_properties(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let Some(list) = node.child_by_field_id(self.fields.parameters) else { return Vec::new() };
        let mut fields = Vec::new();
        for child in self.children(list) {
            let is_property = self.has_word(child, "readonly")
                || child.named_child(0).is_some_and(|first| self.kind(first) == Kind::Accessibility);
            let Some(name) = child.child_by_field_id(self.fields.pattern).filter(|_| is_property) else { continue };
            let (start, end) = (name.start_byte() as u32, name.end_byte() as u32);
            let this = Node::new(start, start, Form::This);
            let target = Node::new(start, end, Form::Member(Box::new(this), self.slice(name)));
            let value = Some(Node::new(start, end, Form::Name(self.slice(name))));
            fields.push(Node::new(start, end, Form::Assign(Box::new(Assign { target, value, update: false }))));
        }
        fields
    }

    fn has_word(&self, node: Syntax<'t>, word: &str) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).take_while(|child| child.kind() != "(").any(|child| child.kind() == word)
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        if self.kind(node) != Kind::Parameter {
            return Some(Parameter { pattern: self.pattern(node), annotation: None, default: None, shape: None });
        }
        let pattern = self.pattern(node.child_by_field_id(self.fields.pattern)?);
        let annotation = self.annotation(node);
        let default = self.field(node, self.fields.value);
        Some(Parameter { pattern, annotation, default, shape: None })
    }

    /// The name of a simple type: `Server`, `ns.Server`, `Server | null`.
    fn annotation(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let mut inner = node.child_by_field_id(self.fields.r#type)?.named_child(0)?;
        if self.kind(inner) == Kind::UnionType {
            inner = inner.named_child(0)?;
        }
        if self.kind(inner) == Kind::GenericType {
            inner = inner.child_by_field_id(self.fields.name)?;
        }
        let (start, end) = (inner.start_byte() as u32, inner.end_byte() as u32);
        match self.kind(inner) {
            Kind::TypeIdentifier => Some(Node::new(start, end, Form::Name(self.slice(inner)))),
            Kind::NestedType => {
                let (module, name) = self.slice(inner).split_once('.')?;
                let module = Box::new(Node::new(start, start + module.len() as u32, Form::Name(module)));
                Some(Node::new(start, end, Form::Member(module, name)))
            }
            _ => None,
        }
    }

    fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        let mut decorators = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ClassBody => class.body = self.class_body(child),
                Kind::Decorator => decorators.extend(child.named_child(0).map(|inner| self.node(inner))),
                Kind::TypeIdentifier | Kind::Identifier => {}
                _ => class.bases.push(self.node(child)),
            }
        }
        decorated(decorators, node, Form::Class(Box::new(class)))
    }

    /// Decorators stand as siblings before the method in TypeScript, and within a field.
    fn class_body(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut body = Vec::new();
        let mut decorators = Vec::new();
        for child in self.children(node) {
            if self.kind(child) == Kind::Decorator {
                decorators.extend(child.named_child(0).map(|inner| self.node(inner)));
                continue;
            }
            let inner: Vec<_> = self.children(child).into_iter().filter(|c| self.kind(*c) == Kind::Decorator).collect();
            decorators
                .extend(inner.into_iter().filter_map(|c| c.named_child(0)).map(|c| self.node(c)).collect::<Vec<_>>());
            let member = self.node(child);
            let (start, end) = (member.start, member.end);
            let form = decorated(std::mem::take(&mut decorators), child, member.form);
            body.push(Node::new(start, end, form));
        }
        body
    }

    fn class_field(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = node.child_by_field_id(self.fields.property).or(node.child_by_field_id(self.fields.name));
        let Some(name) = name else { return Form::Other(self.nodes(node)) };
        let (start, end) = (name.start_byte() as u32, name.end_byte() as u32);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let annotation = self.annotation(node);
        let value = self.field(node, self.fields.value);
        let place = Place::Field { is_static: self.has_word(node, "static") };
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, value, place) }))
    }

    // Statements

    fn declarations(&mut self, node: Syntax<'t>, place: Place) -> Form<'t> {
        let mut declares = Vec::new();
        for child in self.children(node) {
            let (start, end) = (child.start_byte() as u32, child.end_byte() as u32);
            let Some(name) = child.child_by_field_id(self.fields.name) else { continue };
            let pattern = self.pattern(name);
            let annotation = self.annotation(child);
            let value = self.field(child, self.fields.value);
            let declare = Declare { annotation, ..Declare::new(pattern, value, place) };
            declares.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        Form::Other(declares)
    }

    fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        if self.depth >= DEPTH {
            self.too_deep.get_or_insert(node.start_byte() as u32);
            return Pattern::Ignored;
        }
        self.depth += 1;
        let pattern = self.pattern_form(node);
        self.depth -= 1;
        pattern
    }

    fn pattern_form(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        match self.kind(node) {
            Kind::Identifier | Kind::Shorthand => Pattern::Name(self.slice(node), start, end),
            Kind::ObjectPattern | Kind::Object => {
                let members = self.children(node).into_iter().filter_map(|child| self.member_pattern(child));
                Pattern::Members(members.collect())
            }
            Kind::ArrayPattern | Kind::Array => {
                Pattern::Elements(self.children(node).into_iter().map(|child| self.pattern(child)).collect())
            }
            Kind::Default => self.default_pattern(node),
            Kind::Rest => match node.named_child(0) {
                Some(inner) => Pattern::Elements(vec![self.pattern(inner)]),
                None => Pattern::Ignored,
            },
            Kind::This => Pattern::Ignored,
            _ => Pattern::Target(Box::new(self.node(node))),
        }
    }

    fn default_pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Pattern::Ignored };
        let inner = self.pattern(left);
        Pattern::Default(Box::new(inner), self.boxed(node, self.fields.right))
    }

    fn member_pattern(&mut self, node: Syntax<'t>) -> Option<(&'t str, Pattern<'t>)> {
        match self.kind(node) {
            Kind::Shorthand => Some((self.slice(node), self.pattern(node))),
            Kind::PairPattern | Kind::Pair => {
                let key = self.name(node, self.fields.key).trim_matches(['"', '\'']);
                let value = node.child_by_field_id(self.fields.value)?;
                Some((key, self.pattern(value)))
            }
            Kind::ObjectDefault => {
                let key = self.name(node, self.fields.left);
                Some((key, self.default_pattern(node)))
            }
            Kind::Rest => Some(("", self.pattern(node))),
            _ => None,
        }
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Form::Other(self.nodes(node)) };
        let value = self.required(node, self.fields.right);
        if matches!(self.kind(left), Kind::ObjectPattern | Kind::ArrayPattern) {
            let targets = self.targets(left).into_iter().map(|target| {
                let (start, end) = (target.start, target.end);
                Node::new(start, end, Form::Assign(Box::new(Assign { target, value: None, update: false })))
            });
            let mut parts: Vec<_> = targets.collect();
            parts.push(value);
            return Form::Other(parts);
        }
        let target = self.node(left);
        let value = match is_exports(&target) {
            true => Node::new(value.start, value.end, Form::Exported(Box::new(value))),
            false => value,
        };
        Form::Assign(Box::new(Assign { target, value: Some(value), update: false }))
    }

    /// What a destructuring assignment assigns to.
    fn targets(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ObjectPattern | Kind::ArrayPattern if self.depth < DEPTH => {
                    self.depth += 1;
                    found.extend(self.targets(child));
                    self.depth -= 1;
                }
                Kind::PairPattern => found.extend(self.field(child, self.fields.value)),
                Kind::ObjectDefault | Kind::Default => found.extend(self.field(child, self.fields.left)),
                Kind::Identifier | Kind::Shorthand | Kind::Member | Kind::Subscript => found.push(self.node(child)),
                _ => {}
            }
        }
        found
    }

    fn augmented(&mut self, node: Syntax<'t>) -> Form<'t> {
        let target = self.required(node, self.fields.left);
        let value = Some(self.required(node, self.fields.right));
        let operator = self.name(node, self.fields.operator);
        // `x ||= y` and `x ??= y` give a value where there is none.
        let update = !matches!(operator, "||=" | "??=" | "&&=");
        Form::Assign(Box::new(Assign { target, value, update }))
    }

    fn update(&mut self, node: Syntax<'t>) -> Form<'t> {
        let target = self.required(node, self.fields.argument);
        Form::Assign(Box::new(Assign { target, value: None, update: true }))
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.name(node, self.fields.operator);
        let inner = self.required(node, self.fields.argument);
        match (operator, inner.form) {
            ("delete", form) => Form::Delete(Box::new(Node::new(inner.start, inner.end, form))),
            ("-", Form::Number(number)) => Form::Number(-number),
            ("!", Form::Number(number)) => Form::Bool(number == 0.0),
            ("void", Form::Number(_)) => Form::Null,
            (_, form) => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    /// A chain `a + b + c …` is flattened: it may be long.
    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        if matches!(self.name(node, self.fields.operator), "||" | "??") {
            let parts = [self.required(node, self.fields.left), self.required(node, self.fields.right)];
            return Form::Either(Box::new(parts));
        }
        let mut parts = Vec::new();
        let mut current = node;
        while self.kind(current) == Kind::Binary && !matches!(self.name(current, self.fields.operator), "||" | "??") {
            parts.extend(self.field(current, self.fields.right));
            match current.child_by_field_id(self.fields.left) {
                Some(left) => current = left,
                None => return Form::Other(parts),
            }
        }
        parts.push(self.node(current));
        parts.reverse();
        Form::Other(parts)
    }

    fn ternary(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Choice(Box::new([
            self.required(node, self.fields.condition),
            self.required(node, self.fields.consequence),
            self.required(node, self.fields.alternative),
        ]))
    }

    fn for_in(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Form::Other(self.nodes(node)) };
        let declares = node.child_by_field_id(self.fields.kind).is_some();
        let iterable = self.required(node, self.fields.right);
        let (start, end) = (left.start_byte() as u32, iterable.end);
        // Without `const` or `let` the loop assigns what is there: that tells nothing.
        let pattern = if declares { self.pattern(left) } else { Pattern::Ignored };
        let mut body = vec![Node::new(start, end, Form::Each(Box::new((pattern, iterable))))];
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }

    fn catch(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut body = Vec::new();
        if let Some(parameter) = node.child_by_field_id(self.fields.parameter) {
            let (start, end) = (parameter.start_byte() as u32, parameter.end_byte() as u32);
            let pattern = self.pattern(parameter);
            let declare = Declare::new(pattern, None, Place::Block);
            body.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }

    // Modules

    fn import(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let type_only = self.is_type_only(node);
        let require = children.iter().find(|child| self.kind(**child) == Kind::ImportRequire).copied();
        let source = require.unwrap_or(node).child_by_field_id(self.fields.source);
        let Some(Form::Text(module)) = source.map(|source| self.string(source)) else { return Form::Other(Vec::new()) };
        let mut names = Vec::new();
        if let Some(require) = require {
            names.extend(require.named_child(0).map(|name| (Imported::Module, self.slice(name))));
        }
        let mut only_types = false;
        for clause in children.into_iter().filter(|child| self.kind(*child) == Kind::ImportClause) {
            for part in self.children(clause) {
                match self.kind(part) {
                    Kind::Identifier => names.push((Imported::Module, self.slice(part))),
                    Kind::NamespaceImport => {
                        names.extend(part.named_child(0).map(|name| (Imported::Module, self.slice(name))));
                    }
                    Kind::NamedImports => {
                        let specifiers = self.children(part);
                        only_types = !specifiers.is_empty() && specifiers.iter().all(|one| self.is_type_only(*one));
                        names.extend(specifiers.into_iter().map(|one| self.specifier(one)));
                    }
                    _ => {}
                }
            }
        }
        let type_only =
            type_only || only_types && names.iter().all(|(imported, _)| matches!(imported, Imported::Member(_)));
        Form::Import(Box::new(Import { module, names, type_only }))
    }

    fn is_type_only(&self, node: Syntax<'t>) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).take(3).any(|child| matches!(child.kind(), "type" | "typeof"))
    }

    fn specifier(&self, node: Syntax<'t>) -> (Imported<'t>, &'t str) {
        let name = self.name(node, self.fields.name);
        let alias = self.name(node, self.fields.alias);
        let local = if alias.is_empty() { name } else { alias };
        (if name == "default" { Imported::Module } else { Imported::Member(name) }, local)
    }

    fn export(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        if let Some(source) = node.child_by_field_id(self.fields.source) {
            let Form::Text(module) = self.string(source) else { return Form::Other(Vec::new()) };
            return Form::Import(Box::new(Import { module, names: Vec::new(), type_only: self.is_type_only(node) }));
        }
        let mut decorators = Vec::new();
        let mut parts = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Decorator => decorators.extend(child.named_child(0).map(|inner| self.node(inner))),
                Kind::ExportClause => {
                    for one in self.children(child) {
                        let name = Node::new(start, end, Form::Name(self.name(one, self.fields.name)));
                        parts.push(Node::new(start, end, Form::Exported(Box::new(name))));
                    }
                }
                _ => {
                    let mut inner = self.node(child);
                    mark_exported(&mut inner);
                    let is_value = node.child_by_field_id(self.fields.value).is_some_and(|value| value == child)
                        || child.child_by_field_id(self.fields.name).is_none();
                    let (start, end) = (inner.start, inner.end);
                    parts.push(match is_value {
                        true => Node::new(start, end, Form::Exported(Box::new(inner))),
                        false => inner,
                    });
                }
            }
        }
        match parts.pop() {
            Some(last) if parts.is_empty() => decorated(decorators, node, last.form),
            Some(last) => {
                parts.push(last);
                Form::Other(parts)
            }
            None => Form::Other(decorators),
        }
    }
}

/// `exports.x`, `module.exports`, `module.exports.x`.
fn is_exports(target: &Node<'_>) -> bool {
    match &target.form {
        Form::Member(object, name) => match &object.form {
            Form::Name(object) => *object == "exports" || *object == "module" && *name == "exports",
            Form::Member(..) => is_exports(object),
            _ => false,
        },
        _ => false,
    }
}

fn mark_exported(node: &mut Node<'_>) {
    match &mut node.form {
        Form::Function(function) => function.exported = true,
        Form::Class(class) => class.exported = true,
        Form::Declare(declare) => declare.exported = true,
        Form::Other(nodes) => nodes.iter_mut().for_each(mark_exported),
        Form::Decorated(_, inner) => mark_exported(inner),
        _ => {}
    }
}

fn decorated<'t>(decorators: Vec<Node<'t>>, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
    match decorators.is_empty() {
        true => form,
        false => {
            let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
            Form::Decorated(decorators, Box::new(Node::new(start, end, form)))
        }
    }
}
