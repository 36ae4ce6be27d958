"""Data contracts of the use case job_change: what a landed file and its features must look like.

Source of columns and categories: "HR Analytics: Job Change of Data Scientists" (CC0). The spellings are those
of the source, oddities included (`relevent_experience`, `10/49`).
"""

import pandera.pandas as pa

GENDERS = ("Female", "Male", "Other")
RELEVANT_EXPERIENCE = ("No relevent experience", "Has relevent experience")
UNIVERSITY_ENROLMENTS = ("no_enrollment", "Part time course", "Full time course")
MAJORS = ("Arts", "Business Degree", "Humanities", "No Major", "Other", "STEM")
COMPANY_TYPES = ("Early Stage Startup", "Funded Startup", "NGO", "Other", "Public Sector", "Pvt Ltd")

# Lowest first: the position in these tuples is the number that features.py gives the model.
EDUCATION_LEVELS = ("Primary School", "High School", "Graduate", "Masters", "Phd")
EXPERIENCE_YEARS = ("<1", *(str(years) for years in range(1, 21)), ">20")
COMPANY_SIZES = ("<10", "10/49", "50-99", "100-500", "500-999", "1000-4999", "5000-9999", "10000+")
YEARS_BETWEEN_JOBS = ("never", "1", "2", "3", "4", ">4")

# The source ends at 336 hours. Three times that is still a long course; more is an error of whoever typed it.
MAX_TRAINING_HOURS = 1008


class RawEnrollee(pa.DataFrameModel):
    """One person who signed up for a training, as the file says it: profile, employer and training hours.

    Blanks are missing values; `target` tells whether the person is looking for a new job.
    """

    enrollee_id: int = pa.Field(ge=1, unique=True, description="Identifier of the person, once per file.")
    city: str = pa.Field(str_matches=r"^city_\d+$", description="Code of the city, such as city_103.")
    city_development_index: float = pa.Field(
        ge=0, le=1, description="Development index of the city, scaled to 0..1."
    )
    gender: str = pa.Field(nullable=True, isin=GENDERS, description="Gender as stated; blank if not stated.")
    relevent_experience: str = pa.Field(
        isin=RELEVANT_EXPERIENCE, description="Whether the person has worked in the field of the training."
    )
    enrolled_university: str = pa.Field(
        nullable=True, isin=UNIVERSITY_ENROLMENTS, description="University course taken now, if any."
    )
    education_level: str = pa.Field(
        nullable=True, isin=EDUCATION_LEVELS, description="Highest level of education."
    )
    major_discipline: str = pa.Field(
        nullable=True, isin=MAJORS, description="Main subject of study; blank below a first degree."
    )
    experience: str = pa.Field(
        nullable=True, isin=EXPERIENCE_YEARS, description="Years of work in all, as a label from <1 to >20."
    )
    company_size: str = pa.Field(
        nullable=True, isin=COMPANY_SIZES, description="Employees of the current employer, if given."
    )
    company_type: str = pa.Field(
        nullable=True, isin=COMPANY_TYPES, description="Kind of the current employer, if given."
    )
    last_new_job: str = pa.Field(
        nullable=True, isin=YEARS_BETWEEN_JOBS, description="Years between the last two jobs."
    )
    training_hours: int = pa.Field(ge=1, le=MAX_TRAINING_HOURS, description="Hours of training completed.")
    target: int = pa.Field(isin=[0, 1], description="1 if the person is looking for a new job, 0 if not.")

    class Config:
        """Text is turned into the declared types first; further columns may be there."""

        coerce = True
        strict = False


class EnrolleeFeatures(pa.DataFrameModel):
    """What the model sees of a person: ordered answers as numbers, unordered ones as categories.

    NaN in a number means not stated; in a category the word `missing` says so.
    """

    city_development_index: float = pa.Field(ge=0, le=1, description="Development index of the city, 0..1.")
    has_relevant_experience: float = pa.Field(
        nullable=True, isin=[0.0, 1.0], description="1 if the person has worked in the field of the training."
    )
    experience_years: float = pa.Field(
        nullable=True, ge=0, le=21, description="Years of work: 0 is less than one, 21 is more than 20."
    )
    education_rank: float = pa.Field(
        nullable=True, ge=0, le=4, description="Highest education, from 0 (primary school) to 4 (PhD)."
    )
    company_size_rank: float = pa.Field(
        nullable=True, ge=0, le=7, description="Size of the employer, from 0 (<10) to 7 (10000+)."
    )
    years_between_jobs: float = pa.Field(
        nullable=True, ge=0, le=5, description="Years between the last two jobs; 0 is never, 5 is over 4."
    )
    training_hours: float = pa.Field(ge=1, description="Hours of training completed.")
    gender: str = pa.Field(description="Gender as stated, or missing.")
    enrolled_university: str = pa.Field(description="University course taken now, or missing.")
    major_discipline: str = pa.Field(description="Main subject of study, or missing.")
    company_type: str = pa.Field(description="Kind of the current employer, or missing.")

    class Config:
        """Text is turned into the declared types first; further columns may be there."""

        coerce = True
        strict = False
