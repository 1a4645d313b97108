//! Ruby: snippets in, facts out.

use super::super::module_candidates;
use super::says;
use crate::model::fact::Language;

#[test]
fn a_bare_name_is_a_local_a_method_or_what_every_object_has() {
    says(
        "a.rb",
        "require 'redis'\nrequire_relative '../store'\nclass Shop\n  def add(item)\n    total = price item\n    puts total\n    cart << item\n    carts.each { |one| one.save }\n    log = []\n  end\n\
         \x20 def price(item) = 1\nend\nShop.new(1).add :x\nhelper\n",
        &[
            "import redis",
            "import ./../store",
            "function #0 ~Shop().add exported",
            "call ~Shop().price(~item) in #0 -> ~total",
            "call puts(~Shop().price()) in #0",
            "call ~Shop().cart() in #0",
            "call ~Shop().cart.<<(~item) in #0",
            "call ~Shop().carts() in #0",
            "call ~one.save() in #0",
            "call ~Shop().add(\"x\")",
            "call ~Shop(1)",
            "call helper()",
            "!state ~Shop().total",
        ],
    );
}

#[test]
fn variables_belong_to_the_object_the_class_or_everybody() {
    says(
        "a.rb",
        "module Shop\n  class Carts\n    LIMIT = 5\n    CODES = { a: 1 }.freeze\n    ALL = {}\n    @@next_id = 0\n    @names = []\n    def self.add(id)\n      @@next_id += 1\n      @names << id\n      ALL[id] = @@next_id\n    end\n\
         \x20   class << self\n      attr_accessor :open\n      def names = @names\n    end\n    def initialize\n      @items = {}\n    end\n    def put(k)\n      @items[k] ||= []\n      $last = k\n    end\n  end\nend\n\
         class Other\n  def x\n    Shop::Carts.names.clear\n    Shop::Carts.open = 1\n  end\nend\n",
        &[
            "function #0 ~Carts.add exported",
            "state ~Carts.ALL ClassStatic Map",
            "state ~Carts.next_id ClassStatic Number",
            "state ~Carts.names ClassStatic List",
            "state ~Carts().items Instance Map in #2",
            "state ~$last Module Null",
            "!state ~Carts.CODES",
            "!state ~Carts.LIMIT",
            "Increment ~Carts.next_id in #0",
            "Insert ~Carts.names in #0",
            "Insert ~Carts.ALL in #0",
            "Insert ~Carts().items in #3",
            "Read ~Carts().items in #3",
            "Clear ~Carts.names in #4",
            "Assign ~$last in #3",
        ],
    );
}

#[test]
fn what_is_made_when_first_needed_is_no_write_but_an_entry_is_one() {
    says(
        "a.rb",
        "class App\n  def self.redis\n    @redis ||= Redis.new(url: ENV.fetch('REDIS_URL') { 'redis://localhost' })\n  end\n  def self.instance\n    @instance ||= new\n  end\n\
         \x20 def add(id)\n    (@carts[id] ||= []) << 1\n    self.class.redis.get id\n  end\nend\n",
        &[
            "call Redis(url=$REDIS_URL or \"redis://localhost\") in #0 -> ~App.redis",
            "call ~App() in #1 -> ~App.instance",
            "call ~App.redis() in #2",
            "call Redis().get(~id) in #2",
            "!Assign",
        ],
    );
}

#[test]
fn blocks_are_functions_unless_they_run_at_once() {
    says(
        "a.rb",
        "users = {}\nget '/x' do |y|\n  users[y] = 1\n  LOCK.synchronize { DB.run 'x' }\n  File.open('a', 'w') { |file| file.write y }\n  users.each_value { |user| user[:on] = true }\n  Thread.new { work }\n  add = ->(z) { z }\nend\n\
         def work; end\nbot.on(:message, &method(:work))\n",
        &[
            "call get(\"/x\", &=#0)",
            "state ~users Module Map",
            "Insert ~users in #0",
            "call LOCK.synchronize() in #0",
            "call DB.run(\"x\") in #0",
            "call File.open(\"a\", \"w\") in #0 -> ~file",
            "call File.open().write(~y) in #0",
            "call Thread(&=#1) in #0",
            "function #1  in #0",
            "function #2 ~add in #0",
            "call ~work() in #1",
            "call bot.on(\"message\", &=~work)",
        ],
    );
}

#[test]
fn classes_know_what_they_are_mixed_from() {
    let text = "class App < Sinatra::Base\n  helpers Cart, Util\n  set :sockets, []\n  helpers do\n    def carts = settings.sockets\n  end\n  get '/' do\n    @x = 1\n    settings.sockets << carts\n  end\nend\n\
                Item = Struct.new(:a) do\n  def b = 1\nend\nclass Store\n  include Singleton\nend\nclass App\n  def more = 1\nend\n";
    says(
        "a.rb",
        text,
        &[
            "function #2 ~App().carts exported",
            "function #3 ~Item().b exported",
            "function #4 ~App().more exported",
            "state ~App.sockets ClassStatic List",
            "Insert ~App.sockets in #1",
            "call ~App().carts() in #1",
            "call ~Store() -> ~Store.instance",
            "call get(\"/\", &=#1)",
            "call set(\"sockets\", [])",
        ],
    );
    let classes = super::extract("a.rb", text).facts.classes;
    let bases: Vec<_> = classes.iter().map(|class| (class.symbol.as_str(), class.bases.join(" "))).collect();
    let expected = [("~App", "Sinatra.Base Cart Util"), ("~Item", ""), ("~Store", "Singleton")];
    assert_eq!(bases, expected.map(|(class, bases)| (class, bases.to_owned())));
}

#[test]
fn settings_and_values_are_told_in_both_syntaxes() {
    says(
        "a.rb",
        "Rails.application.configure do\n  config.cache_store = :memory_store\n  config.session_store :cookie_store, key: '_x', :secure => true, 'a' => [1, :b], **rest\n  config.key = ENV['KEY'] || SecureRandom.hex(64)\n\
         \x20 config.url = \"a#{b}\"\n  config.x = if ENV['R'] then :r else :m end\n  config.text = <<~T\n    hello #{name}\n  T\nend\n",
        &[
            "setting config.cache_store = \"memory_store\" in #0",
            "call config.session_store(\"cookie_store\", key=\"_x\", secure=true, a=[1, \"b\"], ...=rest) in #0",
            "setting config.key = $KEY or SecureRandom.hex(64) in #0",
            "setting config.x = \"r\" | \"m\" in #0",
            "call name() in #0",
        ],
    );
}

#[test]
fn a_file_beside_is_found_and_a_gem_is_not() {
    assert_eq!(module_candidates("app/a.rb", "./../lib/b", Language::Ruby), ["lib/b.rb"]);
    assert_eq!(module_candidates("app/a.rb", "redis", Language::Ruby), [""; 0]);
}
