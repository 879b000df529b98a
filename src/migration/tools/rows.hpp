// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rows of the table are made of: a file for each family of tools.

#include "migration/tools/tools.hpp"

namespace pgsluice::tools {

using Files = std::vector<std::string>;

// ---- names: names.cpp
std::string_view base_name(std::string_view file);
/// The folder that a file is in, relative to the layout's; empty: that folder itself.
std::string_view folder_of(std::string_view file);
bool is_sql(std::string_view file);
/// "0007_orders.sql": a number, and then something else than a digit.
bool begins_with_number(std::string_view name);
bool has_file(const Layout& layout, std::string_view name);
/// Those whose names have a form; in the layout's order.
Files select(const Layout& layout, bool (*is_wanted)(std::string_view file));
/// A file of the project around the folder speaks of the word: as far up as the repository goes.
bool project_mentions(const std::filesystem::path& directory, std::string_view file, std::string_view word);
/// The contents of a small file beside others; nothing when it cannot be read.
std::string small_file(const std::filesystem::path& path);

Files plain_files(const Layout& layout);

// ---- goose.cpp, dbmate.cpp
bool is_goose_text(std::string_view text);
void read_goose(const FileContext& file, Draft& draft);
bool is_dbmate_text(std::string_view text);
void read_dbmate(const FileContext& file, Draft& draft);
Files numbered_files(const Layout& layout);

// ---- flyway.cpp
bool is_flyway_layout(const Layout& layout);
Files flyway_files(const Layout& layout);
void read_flyway(const FileContext& file, Draft& draft);
bool is_flyway_repeatable(std::string_view file);
std::string flyway_doubt(const Layout& layout);
bool is_refinery_layout(const Layout& layout);
Files refinery_files(const Layout& layout);
void read_refinery(const FileContext& file, Draft& draft);

// ---- up_and_down.cpp: golang-migrate, sqlx, Diesel
bool is_golang_migrate_layout(const Layout& layout);
Files golang_migrate_files(const Layout& layout);
void read_golang_migrate(const FileContext& file, Draft& draft);
std::string golang_migrate_doubt(const Layout& layout);
bool is_sqlx_layout(const Layout& layout);
bool is_sqlx_text(std::string_view text);
Files sqlx_files(const Layout& layout);
void read_sqlx(const FileContext& file, Draft& draft);
bool is_diesel_layout(const Layout& layout);
Files diesel_files(const Layout& layout);
void read_diesel(const FileContext& file, Draft& draft);

// ---- folders.cpp: Prisma, Drizzle, Sqitch
bool is_prisma_layout(const Layout& layout);
Files prisma_files(const Layout& layout);
void read_as_message(const FileContext& file, Draft& draft);
bool is_drizzle_layout(const Layout& layout);
bool is_drizzle_text(std::string_view text);
Files drizzle_files(const Layout& layout);
void read_drizzle(const FileContext& file, Draft& draft);
bool is_sqitch_layout(const Layout& layout);
bool is_sqitch_text(std::string_view text);
Files sqitch_files(const Layout& layout);
void read_one_by_one(const FileContext& file, Draft& draft);
void read_psql(const FileContext& file, Draft& draft);

// ---- liquibase.cpp
bool is_liquibase_text(std::string_view text);
void read_liquibase(const FileContext& file, Draft& draft);

// ---- generated.cpp: Atlas, Rails, Django, Alembic
bool is_atlas_layout(const Layout& layout);
bool is_atlas_text(std::string_view text);
void read_atlas(const FileContext& file, Draft& draft);
bool is_rails_text(std::string_view text);
bool is_django_text(std::string_view text);
bool is_alembic_text(std::string_view text);

}  // namespace pgsluice::tools
