//! C# by tree-sitter.
//!
//! A `using` binds no names: a type goes by its bare name, and [`lint`](crate::lint) finds the class of the project that it is.

mod calls;
mod classes;
mod literals;
mod members;
mod modules;
mod names;
mod preprocessor;
mod statements;
mod types;

use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Form, Node};
use super::{Adapter, Extracted};
use crate::model::fact::{FileFacts, Language};

pub(super) const ADAPTER: Adapter =
    Adapter { language: Language::CSharp, extensions: &["cs"], extract, module_candidates: |_, _| Vec::new() };

kinds! {
    Using = "using_directive",
    Namespace = "namespace_declaration",
    FileNamespace = "file_scoped_namespace_declaration",
    Class = "class_declaration" | "struct_declaration" | "interface_declaration" | "record_declaration",
    NoState = "enum_declaration" | "delegate_declaration" | "event_field_declaration" | "event_declaration"
        | "extern_alias_directive" | "global_attribute" | "operator_declaration" | "conversion_operator_declaration"
        | "destructor_declaration",
    Members = "declaration_list",
    Bases = "base_list",
    PrimaryBase = "primary_constructor_base_type",
    Field = "field_declaration",
    Property = "property_declaration" | "indexer_declaration",
    Constructor = "constructor_declaration",
    ConstructorInitializer = "constructor_initializer",
    Method = "method_declaration" | "local_function_statement",
    Accessor = "accessor_declaration",
    Parameters = "parameter_list" | "bracketed_parameter_list",
    Parameter = "parameter",
    ImplicitParameter = "implicit_parameter",
    Attributes = "attribute_list",
    Attribute = "attribute",
    AttributeArguments = "attribute_argument_list",
    AttributeArgument = "attribute_argument",
    Variables = "variable_declaration",
    Declarator = "variable_declarator",
    LocalDeclaration = "local_declaration_statement",
    TuplePattern = "tuple_pattern",
    Block = "block",
    Scoped = "for_statement" | "while_statement" | "do_statement" | "switch_statement" | "switch_section"
        | "switch_expression_arm" | "catch_clause" | "using_statement" | "fixed_statement" | "query_expression",
    ForEach = "foreach_statement",
    Lock = "lock_statement",
    From = "from_clause",
    NamedPattern = "declaration_pattern" | "recursive_pattern" | "var_pattern" | "catch_declaration",
    Identifier = "identifier",
    Generic = "generic_name",
    Qualified = "qualified_name" | "alias_qualified_name",
    TypeArguments = "type_argument_list",
    Nullable = "nullable_type" | "ref_type" | "scoped_type",
    Array = "array_type",
    Predefined = "predefined_type",
    OtherType = "tuple_type" | "pointer_type" | "function_pointer_type" | "implicit_type" | "array_rank_specifier",
    Member = "member_access_expression",
    ConditionalMember = "conditional_access_expression",
    MemberBinding = "member_binding_expression",
    ElementBinding = "element_binding_expression",
    Element = "element_access_expression",
    Subscript = "bracketed_argument_list",
    Call = "invocation_expression",
    Arguments = "argument_list",
    Argument = "argument",
    Declared = "declaration_expression",
    New = "object_creation_expression",
    ImplicitNew = "implicit_object_creation_expression",
    AnonymousObject = "anonymous_object_creation_expression",
    NewArray = "array_creation_expression" | "implicit_array_creation_expression" | "stackalloc_expression"
        | "implicit_stackalloc_expression",
    Collection = "collection_expression",
    Initializer = "initializer_expression",
    Lambda = "lambda_expression" | "anonymous_method_expression",
    Arrow = "arrow_expression_clause",
    Assignment = "assignment_expression",
    Prefix = "prefix_unary_expression",
    Postfix = "postfix_unary_expression",
    Binary = "binary_expression",
    Ternary = "conditional_expression",
    Cast = "cast_expression",
    As = "as_expression",
    TypeOf = "typeof_expression",
    Default = "default_expression",
    Through = "await_expression" | "parenthesized_expression" | "checked_expression" | "ref_expression"
        | "expression_element" | "spread_element" | "collection_element",
    Tuple = "tuple_expression",
    Text = "string_literal",
    Verbatim = "verbatim_string_literal",
    Raw = "raw_string_literal",
    Character = "character_literal",
    Interpolated = "interpolated_string_expression",
    Interpolation = "interpolation",
    Number = "integer_literal" | "real_literal",
    Bool = "boolean_literal",
    Null = "null_literal",
    Modifier = "modifier",
    Skipped = "comment" | "type_parameter_list" | "type_parameter_constraints_clause" | "discard"
        | "explicit_interface_specifier"
        | "interpolation_format_clause" | "interpolation_brace" | "goto_statement" | "shebang_directive",
}

fields! {
    accessors, alternative, arguments, body, condition, consequence, expression, function, initializer, left, name,
    operator, parameters, returns, right, subscript, r#type, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_c_sharp::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    if is_generated(text) {
        let facts = FileFacts { lines: lines.count(), ..FileFacts::empty(path, Language::CSharp) };
        return Extracted { facts, problems: Vec::new() };
    }
    let (grammar, fields) = &*GRAMMAR;
    let text = &*preprocessor::one_variant(text);
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::CSharp, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields };
    let tree = lower.node(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &names::DIALECT, path, &lines)
}

/// The compilers of .NET pass over files that say so at their beginning:
/// <https://learn.microsoft.com/dotnet/fundamentals/code-analysis/configuration-options#exclude-generated-code>.
fn is_generated(text: &str) -> bool {
    let comments =
        text.trim_start_matches('\u{feff}').lines().take_while(|line| line.is_empty() || line.starts_with("//"));
    comments.into_iter().any(|line| line.contains("<auto-generated") || line.contains("<autogenerated"))
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => Form::Name(self.slice(node)),
            Kind::Generic | Kind::Qualified => self.name_of_type(node),
            Kind::Member => self.member(node),
            Kind::ConditionalMember => self.conditional(node),
            Kind::Element => self.element(node),
            Kind::Call => self.call(node),
            Kind::New => self.creation(node),
            Kind::ImplicitNew => self.implicit_creation(node, None),
            Kind::Lambda => self.lambda(node),
            Kind::Assignment => self.assignment(node),
            Kind::Prefix | Kind::Postfix => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Ternary => self.ternary(node),
            Kind::Cast => Form::Through(self.boxed(node, self.fields.value)),
            Kind::As => Form::Through(self.boxed(node, self.fields.left)),
            Kind::Through | Kind::Arrow => self.through(node),
            Kind::TypeOf => self.type_field(node).unwrap_or(Form::Null),
            Kind::Default => Form::Null,
            Kind::Using => self.using(node),
            Kind::Class => self.class(node),
            Kind::Field => self.field_declaration(node),
            Kind::Property => self.property(node),
            Kind::Constructor => self.constructor(node),
            Kind::Method => self.method(node),
            Kind::Attributes | Kind::Modifier | Kind::NoState | Kind::FileNamespace => Form::Other(Vec::new()),
            Kind::Array | Kind::Nullable | Kind::Predefined | Kind::OtherType => Form::Other(Vec::new()),
            Kind::Text | Kind::Verbatim | Kind::Raw | Kind::Character | Kind::Interpolated => self.text(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::Bool => Form::Bool(self.slice(node) == "true"),
            Kind::Null => Form::Null,
            Kind::NewArray => self.array(node),
            Kind::Collection => Form::List(self.nodes(node)),
            Kind::Initializer => self.initializer(node),
            Kind::AnonymousObject => Form::Map(self.named_values(node)),
            Kind::Unlisted => self.word(node),
            _ => self.statement(node),
        }
    }
}

impl<'t> Lower<'t> {
    fn child(&self, node: Syntax<'t>, field: u16) -> Option<Syntax<'t>> {
        node.child_by_field_id(field)
    }

    /// `this` and `base` have no kinds of their own.
    fn word(&mut self, node: Syntax<'t>) -> Form<'t> {
        match node.kind() {
            "this" => Form::This,
            "base" => Form::Name("base"),
            _ => self.statement(node),
        }
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    /// `shop.Items`, `Store<T>.Items`, `System.IO.File`.
    fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.child(node, self.fields.name).map_or("", |name| self.bare(name));
        match self.child(node, self.fields.expression) {
            Some(object) if names::NAMESPACES.contains(&self.slice(object)) => Form::Name(name),
            _ => Form::Member(self.boxed(node, self.fields.expression), name),
        }
    }

    /// `shop?.Items`, `shop?[id]`.
    fn conditional(&mut self, node: Syntax<'t>) -> Form<'t> {
        let object = self.boxed(node, self.fields.condition);
        let Some(access) = self.children(node).pop() else { return Form::Through(object) };
        match self.kind(access) {
            Kind::MemberBinding => {
                let name = self.child(access, self.fields.name).map_or("", |name| self.bare(name));
                Form::Member(object, name)
            }
            Kind::ElementBinding => Form::Index(object, Box::new(self.key(access))),
            _ => Form::Other(vec![*object, self.node(access)]),
        }
    }

    fn element(&mut self, node: Syntax<'t>) -> Form<'t> {
        let object = self.boxed(node, self.fields.expression);
        match self.child(node, self.fields.subscript) {
            Some(subscript) => Form::Index(object, Box::new(self.key(subscript))),
            None => Form::Through(object),
        }
    }

    /// What stands in square brackets.
    fn key(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let mut keys: Vec<_> = self.children(node).into_iter().map(|key| self.argument(key).1).collect();
        match keys.len() {
            1 => keys.pop().unwrap_or_else(|| Node::new(start, end, Form::Null)),
            _ => Node::new(start, end, Form::Other(keys)),
        }
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let text = self.slice(node);
        let Some(inner) = self.nodes(node).pop() else { return self.operand(node) };
        if text.starts_with("++") || text.starts_with("--") || text.ends_with("++") || text.ends_with("--") {
            return Form::Assign(Box::new(Assign { target: inner, value: None, update: true }));
        }
        match inner.form {
            Form::Number(number) if text.starts_with('-') => Form::Number(-number),
            // `x!` is `x`.
            form if text.ends_with('!') => Form::Through(Box::new(Node::new(inner.start, inner.end, form))),
            form => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    /// `this!`: the operand is a word.
    fn operand(&mut self, node: Syntax<'t>) -> Form<'t> {
        match node.child(0) {
            Some(word) if word.kind() == "this" => Form::This,
            _ => Form::Other(Vec::new()),
        }
    }

    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        if self.name(node, self.fields.operator) == "??" {
            let parts = [self.required(node, self.fields.left), self.required(node, self.fields.right)];
            return Form::Either(Box::new(parts));
        }
        let Fields { left, right, operator, .. } = *self.fields;
        self.chain(node, left, right, |lower, link| {
            lower.kind(link) == Kind::Binary && lower.name(link, operator) != "??"
        })
    }

    fn ternary(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Choice(Box::new([
            self.required(node, self.fields.condition),
            self.required(node, self.fields.consequence),
            self.required(node, self.fields.alternative),
        ]))
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (Some(left), Some(right)) = (self.child(node, self.fields.left), self.child(node, self.fields.right))
        else {
            return Form::Other(self.nodes(node));
        };
        let operator = self.name(node, self.fields.operator);
        if operator == "+=" && self.is_handler(right) {
            return self.subscription(node, left, right);
        }
        let value = self.node(right);
        if self.kind(left) == Kind::Tuple {
            return self.several(left, value);
        }
        let target = self.node(left);
        // `x ??= y` gives a value where there is none.
        let update = !matches!(operator, "=" | "??=");
        Form::Assign(Box::new(Assign { target, value: Some(value), update }))
    }

    /// `(a, b) = f()`: what each of them gets is not told.
    fn several(&mut self, targets: Syntax<'t>, value: Node<'t>) -> Form<'t> {
        let targets: Vec<_> = self.children(targets).into_iter().map(|target| self.argument(target).1).collect();
        let assigned = targets.into_iter().map(|target| {
            let (start, end) = (target.start, target.end);
            Node::new(start, end, Form::Assign(Box::new(Assign { target, value: None, update: false })))
        });
        Form::Other(assigned.chain([value]).collect())
    }

    /// What can be added to an event: a function, or the name of a method, which C# writes with a capital.
    fn is_handler(&self, node: Syntax<'t>) -> bool {
        let named = match self.kind(node) {
            Kind::Lambda => return true,
            Kind::Identifier => self.slice(node),
            Kind::Member => self.name(node, self.fields.name),
            _ => return false,
        };
        named.starts_with(|first: char| first.is_uppercase())
    }

    /// `client.Ready += OnReady` hands the function to the event, as a call would.
    fn subscription(&mut self, node: Syntax<'t>, event: Syntax<'t>, handler: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let callee = self.node(event);
        let call = Form::call(callee, vec![(None, self.node(handler))]);
        if self.kind(handler) == Kind::Lambda {
            return call;
        }
        // It may be a sum as well: `Total += Price`.
        let target = self.node(event);
        let sum = Form::Assign(Box::new(Assign { target, value: None, update: true }));
        Form::Other(vec![Node::new(start, end, call), Node::new(start, end, sum)])
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
