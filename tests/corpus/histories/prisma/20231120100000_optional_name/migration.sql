-- AlterTable
ALTER TABLE "Article" ALTER COLUMN "body" DROP NOT NULL;

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "locale" TEXT NOT NULL DEFAULT 'en';

-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "userAgent" TEXT,
ADD COLUMN     "ip" TEXT;
