create table businesses (id integer primary key, name text not null, timezone text not null, created_at timestamp not null, updated_at timestamp not null);
create table practitioners (
  id integer primary key, first_name text not null, last_name text not null, label text not null, active boolean not null default true,
  created_at timestamp not null, updated_at timestamp not null);
create table appointment_types (
  id integer primary key, name text not null, duration_minutes integer not null, max_attendees integer not null,
  created_at timestamp not null, updated_at timestamp not null);
create table patients (
  id integer primary key, first_name text not null, last_name text not null, email text, phone text,
  created_at timestamp not null, updated_at timestamp not null);
create table group_appointments (
  id integer primary key, starts_at timestamp not null, ends_at timestamp not null, max_attendees integer not null, notes text, telehealth_url text,
  practitioner_id bigint not null references practitioners(id), business_id bigint not null references businesses(id),
  appointment_type_id bigint not null references appointment_types(id), archived_at timestamp, deleted_at timestamp,
  created_at timestamp not null, updated_at timestamp not null);
create table attendees (
  id integer primary key, group_appointment_id bigint not null references group_appointments(id),
  patient_id bigint not null references patients(id), arrived boolean not null, cancelled_at timestamp,
  created_at timestamp not null, updated_at timestamp not null);
