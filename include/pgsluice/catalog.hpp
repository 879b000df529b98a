// SPDX-License-Identifier: Apache-2.0
// Stage 2: what is known about the database: relations, columns, constraints, indexes.
// Filled by replaying migrations; a snapshot file and a live server fill the same structure.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "pgsluice/name_table.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

/// pg_class.relkind, under the names of pg_class.h.
namespace relkind {
// NOLINTBEGIN(readability-identifier-naming): they read as relkind::table.
inline constexpr char table = 'r';
inline constexpr char partitioned_table = 'p';
inline constexpr char index = 'i';
inline constexpr char partitioned_index = 'I';
inline constexpr char sequence = 'S';
inline constexpr char view = 'v';
inline constexpr char materialized_view = 'm';
inline constexpr char foreign_table = 'f';
inline constexpr char composite_type = 'c';
// NOLINTEND(readability-identifier-naming)
}  // namespace relkind

/// System catalogs are locked by everybody, all the time, and stand in nobody's way.
bool is_system(const RelationName& name);

/// A catalog has more of them than of anything else: what stands beside what leaves no holes.
struct CatalogColumn {
  Name name;
  Name collation;  ///< as written; empty: the type's own
  [[no_unique_address]] TypeName type;
  char generated = '\0';  ///< pg_attribute.attgenerated: s stored, v virtual
  bool not_null = false;
  bool identity = false;
  bool inherited = false;  ///< and not its own as well: it goes with that of the parent
  Box<Expression>
      default_expression;       ///< none for DEFAULT NULL: heap.c AddRelationNewConstraints() keeps none
  RelationName owned_sequence;  ///< of serial and identity
};

struct CatalogConstraint {
  Name name;
  std::string_view contype;
  Few<Name> columns;
  RelationName referenced;       ///< foreign key
  Name index;                    ///< name of the backing index, in the table's schema
  Few<Name> referenced_columns;  ///< foreign key; empty: the primary key
  bool validated = true;
  bool enforced = true;
  bool deferrable = false;
  bool initdeferred = false;
  bool no_inherit = false;
  bool inherited = false;  ///< of a partition or child: it came from the table above, and goes with it
  bool detached = false;   ///< foreign key: it came from the table that this one was a partition of
  KeyActions actions;      ///< foreign key
  Box<Predicate> said;     ///< by the CHECK
  Few<Name> not_null;      ///< columns that the CHECK proves NOT NULL
  Few<Name> expression_columns;
  Few<FunctionCall> functions;  ///< that the CHECK calls
  Few<TypeName> casts;          ///< types that the CHECK names
};

struct CatalogTrigger {
  Name name;
  RelationName function;
  bool row = false;                      ///< FOR EACH ROW
  std::string_view timing = "after";     ///< before, after or instead
  std::vector<std::string_view> events;  ///< insert, update, delete, truncate
  Names columns;                         ///< UPDATE OF
  char enabled = 'O';                    ///< pg_trigger.tgenabled: D disabled, R only on a replica
  bool deferrable = false;
  bool deferred = false;             ///< INITIALLY DEFERRED: fires at COMMIT
  Names transition_tables;           ///< REFERENCING … TABLE AS: what its function may read under these names
  Box<std::vector<Text>> arguments;  ///< TG_ARGV
  std::vector<FunctionCall> when;    ///< what its WHEN calls
};

/// The columns of a relation on which something stored depends. pg: dependency.c
struct ColumnUse {
  RelationName relation;
  Few<Name> columns;
};

/// Of every relation whose columns were known. Where one is missing, what is stored may depend on all columns of it that
/// it names.
using ColumnUses = Few<ColumnUse>;

/// Whether something stored, which names these columns ("*" is all), may depend on the column of the relation.
bool may_use(const ColumnUses& uses, std::span<const Name> names, const RelationName& relation, Name column);

struct CatalogRule {
  Name name;
  std::string_view event;  ///< select, insert, update or delete
  bool instead = false;
  bool conditional = false;  ///< WHERE: the statement itself may run, too
  char enabled = 'O';
  Box<std::vector<Statement>> actions;
  std::vector<RelationName> reads;  ///< other relations that the actions name
  ColumnUses uses;
};

/// A function or procedure; overloads are several of one name.
struct CatalogFunction {
  RelationName name;
  std::string_view volatility;  ///< immutable, stable or volatile
  Name owner;                   ///< empty: not known
  Box<CodeBlock> code;          ///< also of a language that we do not read
};

struct CatalogEventTrigger {
  Name name;
  Name event;  ///< ddl_command_start, ddl_command_end, sql_drop, table_rewrite or login
  Names tags;  ///< WHEN TAG IN; empty: any command
  RelationName function;
  char enabled = 'O';  ///< pg_event_trigger.evtenabled
};

struct CatalogPolicy {
  Name name;
  std::string_view cmd = "all";  ///< all, select, insert, update or delete
  std::vector<RelationName> reads;
  Names columns;  ///< of its table and of what it reads
  ColumnUses uses;
  Names roles;             ///< empty: everybody
  bool has_using = false;  ///< USING was written
  bool has_check = false;  ///< WITH CHECK was written
  std::vector<FunctionCall> functions;
};

/// What is known of the query of a view or materialized view.
struct CatalogQuery {
  Few<RelationName> reads;  ///< its relations
  /// The same with what it demands of their rows.
  Few<RelationRef> sources;
  Few<Name> columns;  ///< that it names; "*" for all
  ColumnUses uses;
  Few<Name> yields;         ///< the view's own columns; empty: not known
  Few<TypeName> types;      ///< theirs, in the same order; empty, or a type without a name: not known
  Box<ViewQuery> writable;  ///< of a view that can be written to
  Few<FunctionCall> calls;  ///< its functions
  Few<TypeName> casts;      ///< the types that it names
  bool grouped = false;     ///< GROUP BY is written, which may rely on a primary key
};

/// Estimates of pg_class and pg_relation_size().
struct RelationSize {
  std::optional<double> reltuples;  ///< rows
  std::optional<double> bytes;
};

/// One relation of pg_class. Indexes are relations too (relkind i or I) that name their table.
struct Relation {
  RelationName name;
  char relkind = relkind::table;
  char relpersistence = 'p';
  char replica_identity = 'd';  ///< pg_class.relreplident: default, nothing, full or index
  bool is_partition = false;
  bool is_default_partition = false;
  bool keys_off = false;      ///< DISABLE TRIGGER ALL: foreign keys from and to it are not looked after
  bool rows_deleted = false;  ///< by DELETE, so that VACUUM may give pages back
  bool unpopulated = false;   ///< a materialized view WITH NO DATA
  bool clustered = false;     ///< an index: CLUSTER uses it
  bool is_new = false;        ///< made in the current transaction: nobody else can see it
  bool columns_open = false;  ///< it may have columns that are not known
  bool is_used = false;       ///< in the current transaction rows were written, or a sequence was drawn from
  Few<Name> written_null;     ///< columns of which each row that was written in it certainly has NULL
  bool row_security = false;  ///< ENABLE ROW LEVEL SECURITY
  ShareCount share_count;     ///< catalogs that have it
  unsigned made_in = 0;       ///< the number of the file that made it; 0: it was there before
  Few<CatalogColumn> columns;
  Few<CatalogConstraint> constraints;
  Few<RelationName> parents;  ///< inheritance, or the partitioned table that it is a partition of
  Box<PartitionBound> bound;  ///< of a partition
  Box<PartitionKey> partition_key;
  Few<CatalogTrigger> triggers;
  Few<CatalogPolicy> policies;
  Few<CatalogRule> rules;
  RelationName of_type;            ///< CREATE TABLE … OF
  Name tablespace;                 ///< empty: the database's
  Name access_method;              ///< empty: the default one
  Name owner;                      ///< empty: not known
  Name server;                     ///< a foreign table: its server
  RelationName table;              ///< an index: its table
  Name constraint;                 ///< an index: the constraint that it backs
  RelationName owner_table;        ///< an owned sequence: its table
  Name owner_column;               ///< an owned sequence: the column with which it goes; empty: not known
  Box<IndexDef> index;             ///< an index: its definition
  Box<CatalogQuery> stored_query;  ///< of a view or materialized view
  Box<RelationSize> size;          ///< empty: not known

  /// An empty one for what is no view.
  [[nodiscard]] const CatalogQuery& query() const;
  [[nodiscard]] const CatalogColumn* column(Name column_name) const;
  [[nodiscard]] const CatalogConstraint* find_constraint(Name constraint_name) const;
};

/// A type that migrations or the server define: enum, domain, composite or range.
struct CatalogType {
  RelationName name;
  char typtype = 'b';                   ///< pg_type's letter: d domain, e enum, c composite, r range
  TypeName base;                        ///< a domain: the type under it
  bool constrained = false;             ///< a domain with a CHECK or NOT NULL: values must be tested
  bool not_null = false;                ///< a domain: NOT NULL of its own
  Names checks;                         ///< a domain: the names of its own CHECKs
  Box<Expression> default_expression;   ///< a domain: DEFAULT
  Name owner;                           ///< empty: not known
  std::vector<FunctionCall> functions;  ///< a domain: that its CHECKs call
};

/// What belongs to an extension beside what rules/catalog knows of those that come with PostgreSQL.
struct CatalogExtension {
  Name schema;
  std::set<RelationName> relations;
  std::set<RelationName> types;
  std::set<RelationName> functions;
};

/// The relations that are known, by value: copies share relations until they are changed.
class Catalog {
 public:
  class Mark;

  /// Everything that exists is in here (snapshot or live), so what is missing does not exist.
  /// False for a replay: a relation may stem from a migration that was not given.
  bool complete = false;
  Names search_path = {"public"};
  int server_version_num = 0;              ///< 0: not known
  std::string timezone;                    ///< of the session; empty: not known
  Name default_tablespace = "pg_default";  ///< of the database
  Name new_tablespace;                     ///< SET default_tablespace; empty: the database's
  Name default_access_method = "heap";     ///< SET default_table_access_method
  Name session_role = "postgres";          ///< who is connected
  Name role = "postgres";                  ///< after SET ROLE
  bool is_replica = false;                 ///< session_replication_role = replica

  /// As PostgreSQL would find it: through search_path when no schema is written. nullptr: not known.
  [[nodiscard]] const Relation* find(const RelationName& name) const;
  /// It is certain that no such relation exists: dropped here, or absent from a complete catalog.
  [[nodiscard]] bool is_missing(const RelationName& name) const;
  /// No file makes it, and so far the files made all that they needed: it most likely does not exist.
  [[nodiscard]] bool is_unheard_of(const RelationName& name) const;
  /// The full name: of the relation found, else with the first schema of search_path.
  [[nodiscard]] RelationName resolve(const RelationName& name) const;

  [[nodiscard]] std::vector<const Relation*> children(const RelationName& parent) const;
  [[nodiscard]] std::vector<const Relation*> descendants(const RelationName& parent) const;
  [[nodiscard]] std::vector<const Relation*> indexes(const RelationName& table) const;
  [[nodiscard]] std::vector<const Relation*> referencing(const RelationName& table) const;
  [[nodiscard]] std::vector<const Relation*> readers(const RelationName& relation) const;  ///< views
  [[nodiscard]] std::vector<const Relation*> owned_sequences(const RelationName& table) const;
  /// The default partition, if there is one.
  [[nodiscard]] std::vector<const Relation*> default_partitions(const RelationName& parent) const;
  /// Tables with a rule whose actions name the relation.
  [[nodiscard]] std::vector<const Relation*> ruled_by(const RelationName& relation) const;
  /// Relations with a column of the type, itself or its array, and tables OF it.
  [[nodiscard]] std::vector<const Relation*> typed(const RelationName& type) const;
  /// Tables with a default that draws from the sequence.
  [[nodiscard]] std::vector<const Relation*> drawing_from(const RelationName& sequence) const;
  /// Tables with a policy that reads the relation.
  [[nodiscard]] std::vector<const Relation*> policed_by(const RelationName& relation) const;
  [[nodiscard]] std::vector<const Relation*> all() const;

  /// Does to the catalog what the command does to the database. Commands that do not change it, and
  /// commands on relations that are not known, leave it as it is.
  void apply(const Command& command);

  /// Adds a relation, or replaces the one of that name. One that was not there is new.
  void put(Relation relation);
  /// Another file begins. When the ones before it made relations, they count as the whole history.
  void begin_file(bool has_begun = false) {
    history_ = history_ || !relations_.empty();
    ++file_;
    has_begun_ = has_begun;
  }
  /// What the file at hand makes is there. It is the file's own where an earlier run of it has begun, which made it.
  void note_made_before(const RelationName& name);
  /// The file at hand has made it, if in another transaction: no release can know it.
  [[nodiscard]] bool is_of_this_file(const Relation& relation) const {
    return file_ != 0 && relation.made_in == file_;
  }
  /// Of a table that no file makes: a CHECK or NOT NULL that files have added and validated says that the column is NOT
  /// NULL.
  [[nodiscard]] bool is_said_not_null(const RelationName& table, Name column) const;
  /// A relation was needed that no file makes: the files are not the whole history.
  void note_gap() { gap_ = true; }
  /// Code ran that cannot be followed: it may have made anything, so nothing counts as missing any more.
  void lose_track();
  /// What was made in the transaction is now like everything else, and marks are void.
  void end_transaction();
  /// Rows of a table were written, all of which have NULL in the columns, or a sequence was drawn from.
  void use(const RelationName& name, const Names& nulls = {});
  /// Rows of a table were deleted, or there are new ones at its end.
  void set_rows_deleted(const RelationName& name, bool deleted);
  /// A state to come back to; from now on it costs memory to change the catalog.
  [[nodiscard]] Mark mark();
  /// To the state at the mark, as often as one likes; later marks are void. What was learnt of the files stays.
  void roll_back(const Mark& mark);
  void erase(const RelationName& name);
  void put_type(CatalogType type);
  [[nodiscard]] std::vector<CatalogType> types() const;
  [[nodiscard]] const CatalogType* find_type(const TypeName& type) const;
  /// With the schema in which it is found, as an own type or that of a table's rows; a type of pg_catalog, or one that is
  /// not known, stays as it is.
  [[nodiscard]] TypeName resolve_type(TypeName type) const;
  /// A cast that leaves the stored bytes as they are (pg_cast.castmethod b), of or to a type outside pg_catalog.
  void put_binary_cast(const TypeName& from, const TypeName& to);
  [[nodiscard]] bool is_binary_cast(const TypeName& from, const TypeName& to) const;
  /// Tables with a column of the type, or of a domain over it.
  [[nodiscard]] std::vector<const Relation*> type_users(const TypeName& type) const;
  /// "immutable", "stable" or "volatile" of a function that was created here, else "".
  [[nodiscard]] std::string_view volatility(const FunctionCall& function) const;
  /// The functions that a call may mean: of that name, in the first schema that has one, and taking so many arguments.
  [[nodiscard]] std::vector<const CatalogFunction*> functions(const FunctionCall& call) const;

  /// The full name of a function, whatever its arguments are; as it is called, if it is not known.
  [[nodiscard]] RelationName function_name(const FunctionCall& call) const;
  [[nodiscard]] const std::vector<CatalogEventTrigger>& event_triggers() const {
    return objects_->event_triggers;
  }

  /// Makes of this the state after code that may have run or not: `other` is the state without it. What only one of
  /// them proves is not proven; what exists in one of them counts as there, and as old.
  void join(const Catalog& other);

  /// Relations that came into being since the last call; new names of old ones are none.
  [[nodiscard]] std::vector<RelationName> take_created() { return std::exchange(created_, {}); }
  /// The full name of an extended statistics object; as it is written, if it is not known.
  [[nodiscard]] RelationName statistics_name(const RelationName& name) const;
  /// The table of an extended statistics object; empty: not known.
  [[nodiscard]] RelationName statistics_table(const RelationName& name) const;
  [[nodiscard]] std::vector<RelationName> published(const std::string& publication) const;
  /// A publication names the relation.
  [[nodiscard]] bool is_published(const RelationName& relation) const;
  /// The foreign data wrapper of a server; empty: not known.
  [[nodiscard]] Name wrapper(Name server) const;

  /// The name that PostgreSQL would choose for an index or sequence: `table_column_suffix`, cut to 63
  /// bytes, numbered when taken (indexcmds.c ChooseRelationName, makeObjectName).
  [[nodiscard]] std::string choose_name(const RelationName& table, std::string_view columns,
                                        std::string_view suffix) const;

 private:
  friend class CatalogChange;
  friend class Dependencies;
  friend class CatalogRestorer;
  enum class LinkKind : unsigned char {
    child,
    index,
    referencing,
    reader,
    owned,
    policy,
    default_partition,
    rule,
    type,
    sequence
  };
  static constexpr std::size_t k_link_kinds = 10;
  /// That one relation points to another.
  struct Link {
    LinkKind kind;
    RelationName to;
    bool operator==(const Link&) const = default;
  };
  struct LinkHash {
    std::size_t operator()(const Link& link) const {
      return RelationNameHash()(link.to) * k_link_kinds + static_cast<std::size_t>(link.kind);
    }
  };
  /// What else there is; seldom changed.
  struct Objects {
    std::map<RelationName, CatalogType> types;
    std::set<std::pair<RelationName, RelationName>> binary_casts;
    std::map<RelationName, RelationName> statistics;
    std::map<std::string, std::set<RelationName>> publications;
    std::map<RelationName, std::vector<CatalogFunction>> functions;
    std::map<Name, Name> servers;  ///< with their foreign data wrappers
    std::map<Name, Name> schemas;  ///< with their owners
    std::map<Name, CatalogExtension> extensions;
    /// Anything else, by the name of its kind (OBJECT_COLLATION …) and its own, with the owner if it is known.
    std::map<std::pair<std::string_view, RelationName>, Name> others;
    std::vector<CatalogEventTrigger> event_triggers;
    /// What is known of tables that no file makes.
    std::map<RelationName, std::vector<CatalogConstraint>> said_not_null;
  };
  /// How a name was before something was done to it.
  struct Before {
    RelationName name;
    Shared<Relation> relation;  ///< none: there was none
    bool dropped = false;
  };

  void store(Relation relation);
  /// Lets `change` loose on a relation: on the one that is there, unless a copy of the catalog shares it.
  template <typename Change>
  void edit(const RelationName& name, Change change) {
    Shared<Relation>* found = relations_.find(name);
    if (found == nullptr) return;
    remember(name);
    Relation& relation = found->edit();  // stays where it is, whatever `change` adds to the catalog
    const std::vector<Link> before = links_of(relation);
    change(relation);
    relink(relation.name, before, links_of(relation));
  }
  /// To change them: copies of the catalog share them.
  Objects& objects();
  /// Notes how a name is now, when there is a mark to come back to that does not know it yet.
  void remember(const RelationName& name);
  void restore(const Before& before);
  void join_objects(const Objects& other);
  [[nodiscard]] static std::vector<Link> links_of(const Relation& relation);
  void relink(const RelationName& from, const std::vector<Link>& before, const std::vector<Link>& after);
  [[nodiscard]] std::vector<const Relation*> linked(LinkKind kind, const RelationName& to) const;

  bool history_ = false;    ///< an earlier file made a relation
  bool gap_ = false;        ///< something came from elsewhere
  unsigned file_ = 0;       ///< the number of the file at hand
  bool has_begun_ = false;  ///< it has been run in part
  NameTable<Relation, RelationNameHash> relations_;
  std::unordered_map<Link, std::vector<RelationName>, LinkHash> links_;  ///< who points there, by name
  std::unordered_set<RelationName, RelationNameHash> dropped_;
  /// What choose_name() found taken before, by its three inputs; good until something is erased.
  mutable std::unordered_map<RelationName, int, RelationNameHash> taken_;
  std::vector<RelationName> new_;   ///< those with is_new
  std::vector<RelationName> used_;  ///< those with is_used
  std::vector<RelationName> created_;
  std::shared_ptr<Objects> objects_ = std::make_shared<Objects>();
  bool marked_ = false;
  std::vector<Before> journal_;                               ///< since the first mark
  std::unordered_set<RelationName, RelationNameHash> noted_;  ///< in the journal since the last mark
  // What there never was need not be looked for.
  bool had_temporary_ = false;
  std::array<bool, k_link_kinds> had_links_{};
};

class Catalog::Mark {
  friend class Catalog;
  std::size_t changes_ = 0;  ///< of the journal
  std::shared_ptr<Objects> objects_;
  bool complete_ = false;
  Names search_path_;
  std::string timezone_;
  Name session_role_;
  Name role_;
  bool is_replica_ = false;
};

/// The name that PostgreSQL chooses for an index: `table_columns_idx`, `table_pkey`, `table_columns_key`.
std::string choose_index_name(const Catalog& catalog, const RelationName& table, const Command& command);

/// PostgreSQL's makeObjectName(): `name1_name2_label` cut to NAMEDATALEN - 1 bytes.
std::string make_object_name(std::string_view name1, std::string_view name2, std::string_view label);

}  // namespace pgsluice
